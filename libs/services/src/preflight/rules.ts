import { superuserConnections } from './database-role';
import type { PreflightFacts, Rule, ServiceModel } from './model';
import { isSecretName } from './secret-name';

/** Images whose state is lost without a volume, and where they keep it. */
const STATEFUL =
  /(^|\/)(postgres|postgis|pgvector|timescaledb|mysql|mariadb|mongo|redis|valkey)(?=[:@]|$)/;
/** Passwords that everybody tries first, and those of the guide. */
const WEAK = /^(|postgres|password|secret|changeme|admin|root|redis|12345\d*|excel2doc(123)?)$/i;
const REDIS = /(^|\/)(redis|valkey)(?=[:@]|$)/;
const TLS_FRONT = /(^|\/)(caddy|traefik|nginx|haproxy|envoy)(?=[:@]|$)/;

type Found = { service: string; found: string }[];

/** A rule that every service has to keep: `problem` says what breaks it. */
const each =
  (problem: (service: ServiceModel, name: string, facts: PreflightFacts) => string | undefined) =>
  (facts: PreflightFacts): Found =>
    Object.entries(facts.services).flatMap(([name, service]) => {
      const found = problem(service, name, facts);
      return found === undefined ? [] : [{ service: name, found }];
    });

export const RULES: Rule[] = [
  {
    id: 'secrets-not-written',
    reason: {
      en: 'A secret in a Compose file is in git for ever; take it from the environment or a file',
      zh: '写在 Compose 文件中的敏感信息会永远留在 git 里；应通过环境变量或文件传入',
    },
    breaches: ({ written }) =>
      written
        .filter(({ name, value }) => isSecretName(name) && value !== '' && !value.includes('$'))
        .map(({ file, service, name }) => ({ service, found: `${name} has its value in ${file}` })),
  },
  {
    id: 'secrets-not-in-urls',
    reason: {
      en: 'A password in a URL is a secret as well',
      zh: 'URL 中的密码同样是敏感信息',
    },
    breaches: ({ written }) =>
      written
        .filter(({ value }) => /:\/\/[^/:@$\s]*:[^@$\s{]+@/.test(value))
        .map(({ file, service, name }) => ({
          service,
          found: `${name} holds a password in ${file}`,
        })),
  },
  {
    id: 'secrets-strong',
    reason: {
      en: 'A password that is a word of the product or a default is found in minutes',
      zh: '使用产品名或默认值作密码，几分钟即可被猜出',
    },
    breaches: each(({ environment = {} }) => {
      const weak = Object.entries(environment).find(
        ([name, value]) => isSecretName(name) && value !== null && WEAK.test(value),
      );
      return weak && `${weak[0]} is empty or easily guessed`;
    }),
  },
  {
    id: 'secrets-not-in-git',
    reason: {
      en: 'A file with secrets that git tracks is read by all who clone it',
      zh: '被 git 跟踪的密钥文件对所有克隆者可见',
    },
    breaches: ({ trackedSecrets }) =>
      trackedSecrets.map((file) => ({ service: '-', found: `${file} is in git` })),
  },
  {
    id: 'secrets-private',
    reason: {
      en: 'A file with secrets is read by its owner alone: chmod 600',
      zh: '密钥文件只应由其所有者读取：chmod 600',
    },
    breaches: ({ openSecrets }) =>
      openSecrets.map((file) => ({ service: '-', found: `${file} can be read by others` })),
  },
  {
    id: 'database-role',
    reason: {
      en: 'Who takes over a service that is a superuser of the database has the server: give it a role that reads and writes rows, and migrations another',
      zh: '以数据库超级用户运行的服务一旦被攻破，整个数据库服务器即告失守：应为服务建立只能读写数据的角色，迁移使用另一个角色',
    },
    breaches: superuserConnections,
  },
  {
    id: 'data-persistent',
    reason: {
      en: 'Without a volume, the data goes with the container',
      zh: '没有数据卷，删除容器即丢失数据',
    },
    breaches: each(({ image = '', volumes = [] }) =>
      STATEFUL.test(image) && !volumes.some(({ type }) => type === 'volume' || type === 'bind')
        ? 'no volume'
        : undefined,
    ),
  },
  {
    id: 'log-rotation',
    reason: {
      en: 'Logs without a limit fill the disk, and then nothing works',
      zh: '日志不轮转会写满磁盘，导致全部服务不可用',
    },
    breaches: each(({ logging }) => {
      const driver = logging?.driver ?? 'json-file';
      if (!['json-file', 'local'].includes(driver)) return undefined;
      return logging?.options?.['max-size'] ? undefined : `${driver} without max-size`;
    }),
  },
  {
    id: 'memory-limit',
    reason: {
      en: 'One service that leaks memory must not take the others down',
      zh: '避免单个服务内存泄漏拖垮其他服务',
    },
    breaches: each(({ deploy, mem_limit }) =>
      deploy?.resources?.limits?.memory || mem_limit ? undefined : 'no memory limit',
    ),
  },
  {
    id: 'redis-limited',
    reason: {
      en: 'Redis without maxmemory grows until the kernel kills it, and all that it holds is gone',
      zh: 'Redis 不设 maxmemory 会一直增长，直到被内核终止并丢失其全部内容',
    },
    breaches: each(({ image = '', command }) => {
      if (!REDIS.test(image)) return undefined;
      const words = (typeof command === 'string' ? command.split(/\s+/) : command) ?? [];
      // A file of settings may say it, and is not looked into.
      if (words.some((word) => /\.conf$/.test(word))) return undefined;
      const at = words.indexOf('--maxmemory');
      return at >= 0 && !/^0?$/.test(words[at + 1] ?? '') ? undefined : 'no --maxmemory';
    }),
  },
  {
    id: 'cpu-limit',
    reason: {
      en: 'One service that spins must not starve the others',
      zh: '避免单个服务占满 CPU',
    },
    breaches: each(({ deploy, cpus }) =>
      deploy?.resources?.limits?.cpus || cpus ? undefined : 'no CPU limit',
    ),
  },
  {
    id: 'health-check',
    reason: {
      en: 'What is not checked is replaced by something broken without anybody noticing',
      zh: '没有健康检查就无法发现服务已失效',
    },
    breaches: each(({ healthcheck }, name, { own }) => {
      if (healthcheck?.disable || healthcheck?.test?.[0] === 'NONE') return 'switched off';
      if (healthcheck?.test) return undefined;
      return own.some(({ service, healthcheck: inImage }) => service === name && inImage)
        ? undefined
        : 'none, neither here nor in a Dockerfile of this workspace';
    }),
  },
  {
    id: 'restart-policy',
    reason: {
      en: 'After a crash or a reboot it has to come back by itself',
      zh: '崩溃或重启后应自动恢复',
    },
    breaches: each(({ restart, deploy }) => {
      if (restart && restart !== 'no') return undefined;
      const condition = deploy?.restart_policy?.condition;
      return condition && condition !== 'none' ? undefined : 'not restarted';
    }),
  },
  {
    id: 'read-only-root',
    reason: {
      en: 'An attacker who cannot write cannot stay',
      zh: '只读根文件系统可阻止攻击者写入持久化内容',
    },
    breaches: each(({ read_only }) => (read_only ? undefined : 'the root can be written')),
  },
  {
    id: 'capabilities-dropped',
    reason: {
      en: 'A service needs none or few of the rights that root has',
      zh: '服务不需要 root 的全部权限',
    },
    breaches: each(({ cap_drop = [] }) =>
      cap_drop.some((name) => /^all$/i.test(name)) ? undefined : 'cap_drop: [ALL] is missing',
    ),
  },
  {
    id: 'no-new-privileges',
    reason: {
      en: 'A setuid program must not give back what was dropped',
      zh: '防止通过 setuid 程序重新获得权限',
    },
    breaches: each(({ security_opt = [] }) =>
      security_opt.some((option) => /^no-new-privileges([:=]true)?$/.test(option))
        ? undefined
        : 'security_opt: no-new-privileges:true is missing',
    ),
  },
  {
    id: 'not-privileged',
    reason: {
      en: 'Who holds the host or its engine holds everything',
      zh: '特权容器或挂载 docker.sock 等同于控制主机',
    },
    breaches: each(({ privileged, network_mode, pid, volumes = [] }) => {
      if (privileged) return 'privileged';
      if (network_mode === 'host' || pid === 'host')
        return 'shares the network or processes of the host';
      const socket = volumes.find(({ source = '' }) => /docker\.sock$/.test(source));
      return socket && 'mounts the socket of the engine';
    }),
  },
  {
    id: 'non-root',
    reason: { en: 'A service runs as a user with few rights', zh: '服务应以非 root 用户运行' },
    breaches: ({ own, services }) =>
      own
        .map(({ service, user }) => ({ service, user: services[service]?.user ?? user }))
        .filter(({ user }) => user === undefined || /^(root|0)(:|$)/.test(user))
        .map(({ service, user }) => ({ service, found: `runs as ${user ?? 'root'}` })),
  },
  {
    id: 'image-pinned',
    reason: {
      en: 'A moving tag is another program tomorrow',
      zh: '浮动标签会在不知情时变成另一个版本',
    },
    breaches: each(({ image = '' }) => {
      if (image.includes('@sha256:')) return undefined;
      const tag = /:([^:/]+)$/.exec(image)?.[1];
      return tag === undefined || /^(latest|dev|main|master|edge|nightly)$/.test(tag)
        ? `${image || 'no image'} is not pinned`
        : undefined;
    }),
  },
  {
    id: 'behind-tls',
    reason: {
      en: 'Only the TLS front is reachable from outside; all else listens on loopback or not at all',
      zh: '只有 TLS 前端对外开放，其余服务只监听回环地址或不发布端口',
    },
    breaches: each(({ image = '', ports = [] }) => {
      const open = ports.filter(
        ({ published, host_ip = '' }) => published && !/^(127\.|::1$|localhost$)/.test(host_ip),
      );
      if (open.length === 0 || TLS_FRONT.test(image)) return undefined;
      return `port ${open.map(({ published }) => published).join(', ')} is open to all`;
    }),
  },
  {
    id: 'tls-on',
    reason: {
      en: 'With an address of plain HTTP the front gets no certificate, and passwords cross the net in the open',
      zh: '使用明文 HTTP 地址时前端不会申请证书，密码会以明文在网络上传输',
    },
    breaches: each(({ image = '', environment = {} }) => {
      if (!TLS_FRONT.test(image)) return undefined;
      const plain = Object.entries(environment).find(
        ([name, value]) =>
          /ADDRESS|HOST|DOMAIN|SITE/i.test(name) && /^http:\/\/|^[^/]*:80$/.test(value ?? ''),
      );
      return plain && `${plain[0]} is ${plain[1]}`;
    }),
  },
];

export interface Breach {
  rule: Rule;
  service: string;
  found: string;
}

/**
 * What breaks the rules.
 *
 * @param except `rule:service` pairs that are known and accepted
 */
export function breaches(facts: PreflightFacts, except: readonly string[] = []): Breach[] {
  return RULES.flatMap((rule) =>
    rule
      .breaches(facts)
      .filter(({ service }) => !except.includes(`${rule.id}:${service}`))
      .map((breach) => ({ rule, ...breach })),
  );
}
