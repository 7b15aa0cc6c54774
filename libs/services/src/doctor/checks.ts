import { bytesText } from '@excel2doc/oci';
import { type Finding } from '@excel2doc/stages';
import type { Facts } from './facts';
import { building } from './building';
import { platforms } from './platforms';

type Check = (facts: Facts) => Finding[];

const OLDEST = 25;
const LEAST_MEMORY = 2 * 2 ** 30;
const LEAST_DISK = 5 * 2 ** 30;
const SLOW_INDEX_MS = 3_000;
const LARGEST_SKEW_MS = 5_000;

const engine: Check = ({ engine }) => {
  if (!engine.answers) {
    const old = ['ENGINE_TOO_OLD', 'NO_BUILDX', 'NO_COMPOSE'].includes(engine.code);
    return [
      {
        id: old ? 'engine-old' : 'engine-missing',
        severity: 'error',
        what: old
          ? { en: 'The container engine lacks what builds need', zh: '容器引擎版本过旧或缺少组件' }
          : { en: 'No container engine answers', zh: '没有可用的容器引擎' },
        seen: engine.message,
        fix: old
          ? {
              en: `Update to Docker ${OLDEST} or newer with buildx and Compose 2`,
              zh: `升级到 Docker ${OLDEST} 或更高版本，并安装 buildx 与 Compose 2`,
            }
          : {
              en: 'Start Docker or Podman',
              zh: '启动 Docker 或 Podman',
            },
      },
    ];
  }
  const found: Finding[] = [];
  if (engine.memoryBytes < LEAST_MEMORY) {
    found.push({
      id: 'engine-memory',
      severity: 'warning',
      what: { en: 'The engine has little memory', zh: '容器引擎可用内存过小' },
      seen: bytesText(engine.memoryBytes),
      fix: {
        en: `Give it ${bytesText(LEAST_MEMORY)} or more (Docker Desktop: Settings, Resources)`,
        zh: `至少分配 ${bytesText(LEAST_MEMORY)}（Docker Desktop：设置 → 资源）`,
      },
    });
  }
  if (engine.diskFreeBytes !== undefined && engine.diskFreeBytes < LEAST_DISK) {
    found.push({
      id: 'disk-full',
      severity: 'error',
      what: { en: "The disk of the engine's data is nearly full", zh: '容器引擎所在磁盘即将写满' },
      seen: `${bytesText(engine.diskFreeBytes)} free`,
      fix: {
        en: 'Run the target prune, then prune --yes --build-cache',
        zh: '先运行 prune 查看，再运行 prune --yes --build-cache 清理',
      },
    });
  }
  if (Math.abs(engine.clockSkewMs) > LARGEST_SKEW_MS) {
    found.push({
      id: 'clock-skew',
      severity: 'warning',
      what: {
        en: 'The clocks of this machine and of the engine differ: TLS and package signatures can fail',
        zh: '本机与容器引擎的时钟不一致，TLS 与软件包签名校验可能失败',
      },
      seen: `${(engine.clockSkewMs / 1000).toFixed(1)} s`,
      fix: {
        en: 'Set the clock (NTP); with Docker Desktop, restart it',
        zh: '同步系统时间（NTP）；如使用 Docker Desktop，请重启它',
      },
    });
  }
  return found;
};

const emulation: Check = ({ engine, platforms }) => {
  if (!engine.answers) return [];
  return platforms
    .filter(({ platform }) => baseOf(platform) !== baseOf(engine.platform))
    .map(({ service, platform }) => ({
      id: 'emulation',
      severity: 'warning',
      what: {
        en: `${service} is built and run for ${platform} by emulation, ten times slower and less reliable, where a native build was possible`,
        zh: `${service} 以模拟方式构建和运行 ${platform}，速度慢且容易失败；本机可以原生构建`,
      },
      seen: `platform: ${platform} in the Compose file; the engine is ${engine.platform}`,
      fix: {
        en: 'Take `platform:` out of the Compose file: the machine’s own is used',
        zh: '从 Compose 文件中删除 `platform:`，默认使用本机平台',
      },
    }));
};

/** `linux/arm64/v8` and `linux/arm64` are the same machine. */
const baseOf = (platform: string) => platform.split('/').slice(0, 2).join('/');

const ports: Check = ({ ports }) =>
  ports
    .filter(({ free }) => !free)
    .map(({ service, port }) => ({
      id: 'port-taken',
      severity: 'error',
      what: {
        en: `Port ${port}, which ${service} needs, is taken by another program`,
        zh: `${service} 需要的端口 ${port} 已被其他程序占用`,
      },
      seen: `127.0.0.1:${port} cannot be bound`,
      fix: {
        en: `Stop that program (\`lsof -i :${port}\`), or publish another port`,
        zh: `停止该程序（\`lsof -i :${port}\`），或换用其他端口`,
      },
    }));

const network: Check = ({ registry, indexes, proxy, extraCertificates, certificatesInBuild }) => {
  const found: Finding[] = [];
  if (registry && !registry.answers) {
    found.push({
      id: 'registry-unreachable',
      severity: 'warning',
      what: {
        en: 'No image registry answers: stand-ins are used',
        zh: '镜像仓库无法访问，正在使用替代镜像',
      },
      seen: registry.mirror ? `mirror ${registry.mirror}` : 'no mirror is set',
      fix: {
        en: 'Set NX_STAGES_REGISTRY_MIRROR to a registry that answers',
        zh: '将 NX_STAGES_REGISTRY_MIRROR 设为可访问的镜像仓库',
      },
    });
  }
  for (const { url, elapsedMs, error } of indexes) {
    const unreachable = elapsedMs === undefined;
    if (!unreachable && elapsedMs < SLOW_INDEX_MS) continue;
    found.push({
      id: unreachable ? 'index-unreachable' : 'index-slow',
      severity: unreachable ? 'error' : 'warning',
      what: unreachable
        ? { en: `The package index ${url} does not answer`, zh: `软件包源 ${url} 无法访问` }
        : { en: `The package index ${url} is slow`, zh: `软件包源 ${url} 响应很慢` },
      seen: unreachable ? (error ?? 'no answer') : `${elapsedMs} ms for one page`,
      fix: {
        en: 'Use a mirror: `pip config set global.index-url URL`, or PIP_INDEX_URL as a build argument',
        zh: '使用国内镜像：`pip config set global.index-url https://pypi.tuna.tsinghua.edu.cn/simple`，或以构建参数 PIP_INDEX_URL 指定',
      },
    });
  }
  if ((proxy || extraCertificates.length > 0) && !certificatesInBuild) {
    found.push({
      id: 'proxy-ca-missing',
      severity: 'warning',
      what: {
        en: 'Builds do not know the CA of this network: downloads in RUN steps can fail',
        zh: '构建环境缺少本网络代理的 CA 证书，RUN 步骤中的下载可能失败',
      },
      seen: [proxy && `${proxy.variable} is set`, ...extraCertificates].filter(Boolean).join(', '),
      fix: {
        en: 'Use a base image with that CA, or give it to the build as a secret (docker build --secret)',
        zh: '使用已包含该 CA 的基础镜像，或以构建 secret 方式提供证书',
      },
    });
  }
  return found;
};

const settings: Check = ({ missingVariables, publishedTargets, exposedPorts }) => {
  const found: Finding[] = missingVariables.map(({ name, file, message }) => ({
    id: 'env-variable-missing',
    severity: 'error',
    what: { en: `${name} is set nowhere`, zh: `变量 ${name} 没有设置` },
    seen: `${file} demands it${message ? `: ${message}` : ''}`,
    fix: {
      en: 'Set it in the environment, or in the file with the values that Compose is given',
      zh: '在环境变量或 Compose 所用的变量文件中设置它',
    },
  }));
  const wrong = publishedTargets.filter((port) => !exposedPorts.includes(port));
  if (exposedPorts.length > 0 && wrong.length > 0) {
    found.push({
      id: 'compose-dockerfile-mismatch',
      severity: 'error',
      what: {
        en: 'Compose file and Dockerfile disagree on the port',
        zh: 'Compose 文件与 Dockerfile 的端口不一致',
      },
      seen: `published: ${wrong.join(', ')}; EXPOSE ${exposedPorts.join(' ')}`,
      fix: {
        en: 'Publish the port that the image listens on',
        zh: '将 Compose 中的容器端口改为镜像监听的端口',
      },
    });
  }
  return found;
};

const containers: Check = ({ containers }) =>
  containers.flatMap(
    ({ service, state, health, exitCode, restarts, outOfMemory, lastCheck, oneOff }): Finding[] => {
      const fix = {
        en: `Read its log: compose-logs --service=${service} --no-follow`,
        zh: `查看日志：compose-logs --service=${service} --no-follow`,
      };
      if (outOfMemory) {
        return [
          {
            id: 'container-out-of-memory',
            severity: 'error',
            what: { en: `${service} was ended for its memory`, zh: `${service} 因内存不足被终止` },
            seen: `OOMKilled, exit status ${exitCode}`,
            fix: {
              en: 'Raise its memory limit in the Compose file, or the memory of the engine',
              zh: '提高 Compose 中的内存限制，或为引擎分配更多内存',
            },
          },
        ];
      }
      if (!oneOff && (['exited', 'dead', 'restarting'].includes(state) || restarts > 2)) {
        return [
          {
            id: 'container-failed',
            severity: 'error',
            what: { en: `${service} does not stay up`, zh: `${service} 启动失败或反复重启` },
            seen: `${state}, exit status ${exitCode}, ${restarts} restarts`,
            fix,
          },
        ];
      }
      if (health !== 'unhealthy') return [];
      return [
        {
          id: 'container-unhealthy',
          severity: 'error',
          what: { en: `${service} is unhealthy`, zh: `${service} 健康检查失败` },
          seen: lastCheck ?? 'its health check fails',
          fix,
        },
      ];
    },
  );

const CHECKS: Check[] = [
  engine,
  emulation,
  platforms,
  ports,
  network,
  settings,
  containers,
  building,
];

const BY_SEVERITY: Finding['severity'][] = ['error', 'warning', 'advice'];

/** All that the facts say is wrong, errors first. */
export function findings(facts: Facts): Finding[] {
  const found = CHECKS.flatMap((check) => check(facts));
  return BY_SEVERITY.flatMap((wanted) => found.filter(({ severity }) => severity === wanted));
}
