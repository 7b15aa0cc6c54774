import type { Finding, Text } from '@excel2doc/stages';

interface Cause {
  id: string;
  codes?: string[];
  pattern?: RegExp;
  what: Text;
  fix: Text;
}

/** The first that matches the error's code, or what it and the child process said, counts. */
const CAUSES: Cause[] = [
  {
    id: 'engine-missing',
    codes: ['NO_ENGINE', 'DAEMON_GONE'],
    what: { en: 'No container engine answers', zh: '没有可用的容器引擎' },
    fix: {
      en: 'Start Docker or Podman',
      zh: '启动 Docker 或 Podman',
    },
  },
  {
    id: 'engine-old',
    codes: ['ENGINE_TOO_OLD', 'NO_BUILDX', 'NO_COMPOSE'],
    what: { en: 'The container engine lacks what builds need', zh: '容器引擎版本过旧或缺少组件' },
    fix: {
      en: 'Update Docker, with buildx and Compose 2',
      zh: '升级 Docker，并安装 buildx 与 Compose 2',
    },
  },
  {
    id: 'disk-full',
    codes: ['DISK_FULL'],
    pattern: /no space left on device|disk quota exceeded/i,
    what: { en: 'The disk is full', zh: '磁盘已满' },
    fix: {
      en: 'Run the target prune, then prune --yes --build-cache',
      zh: '先运行 prune 查看，再运行 prune --yes --build-cache',
    },
  },
  {
    id: 'port-taken',
    codes: ['PORT_TAKEN'],
    what: { en: 'A port is taken by another program', zh: '端口被其他程序占用' },
    fix: {
      en: 'Stop that program, or publish another port',
      zh: '停止该程序，或换用其他端口',
    },
  },
  {
    id: 'emulation-failed',
    pattern: /exec format error|qemu: uncaught target signal/i,
    what: {
      en: 'A program of another processor architecture was run',
      zh: '运行了其他 CPU 架构的程序（ARM64/AMD64 不匹配）',
    },
    fix: {
      en: 'Take `platform:` out of the Compose file, and lock base images that have this machine’s platform',
      zh: '从 Compose 文件中删除 `platform:`，并使用支持本机平台的基础镜像',
    },
  },
  {
    id: 'clock-skew',
    pattern: /certificate (has expired or )?is not yet valid|Release file .* is not valid yet/i,
    what: { en: 'The clock is wrong', zh: '系统时钟不正确' },
    fix: {
      en: 'Set the clock (NTP); with Docker Desktop, restart it',
      zh: '同步系统时间（NTP）；如使用 Docker Desktop，请重启它',
    },
  },
  {
    id: 'proxy-ca-missing',
    pattern:
      /x509: certificate signed by unknown authority|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate/i,
    what: {
      en: 'A download was refused: the CA of this network is not known there',
      zh: '下载被拒绝：缺少本网络代理的 CA 证书',
    },
    fix: {
      en: 'Use a base image with that CA, or give it to the build as a secret',
      zh: '使用已包含该 CA 的基础镜像，或以构建 secret 方式提供证书',
    },
  },
  {
    id: 'package-not-found',
    codes: ['PACKAGE_NOT_FOUND'],
    what: {
      en: 'A required package does not exist in that version',
      zh: '依赖的软件包或版本不存在',
    },
    fix: {
      en: 'Correct its name or version in requirements.in, and compile it again',
      zh: '修正 requirements.in 中的名称或版本并重新编译',
    },
  },
  {
    id: 'hash-mismatch',
    pattern: /THESE PACKAGES DO NOT MATCH THE HASHES/,
    what: {
      en: 'A downloaded package is not the one that was locked',
      zh: '下载的软件包与锁定的哈希不一致',
    },
    fix: {
      en: 'Check the mirror; compile requirements.txt again only if the change is known',
      zh: '检查镜像源；确认变更可信后再重新生成 requirements.txt',
    },
  },
  {
    id: 'index-unreachable',
    codes: ['DNS_FAILURE', 'REGISTRY_UNREACHABLE', 'TIMED_OUT'],
    pattern:
      /Read timed out|Connection (refused|reset|timed out)|Network is unreachable|Temporary failure/i,
    what: { en: 'A server that the build needs does not answer', zh: '构建所需的服务器无法访问' },
    fix: {
      en: 'Check network and proxy, or use a mirror: PIP_INDEX_URL, NX_STAGES_REGISTRY_MIRROR',
      zh: '检查网络与代理，或使用镜像源：PIP_INDEX_URL、NX_STAGES_REGISTRY_MIRROR',
    },
  },
  {
    id: 'compiler-missing',
    pattern:
      /error: command '(gcc|cc|g\+\+|x86_64-linux-gnu-gcc|aarch64-linux-gnu-gcc)' failed|can't find Rust compiler|No such file or directory: 'gcc'/i,
    what: {
      en: 'A package has no wheel for this platform and cannot be compiled here',
      zh: '某依赖没有本平台的预编译包，且此阶段没有编译工具',
    },
    fix: {
      en: 'Install it in the builder stage, which has the compilers',
      zh: '请在带有编译工具链的 builder 阶段安装',
    },
  },
  {
    id: 'env-variable-missing',
    codes: ['ENV_MISSING'],
    pattern: /required variable (\S+) is missing a value/,
    what: {
      en: 'A variable that the Compose file demands is not set',
      zh: 'Compose 文件要求的变量没有设置',
    },
    fix: {
      en: 'Set it in the environment, or in the file with the values that Compose is given',
      zh: '在环境变量或 Compose 所用的变量文件中设置它',
    },
  },
  {
    id: 'container-unhealthy',
    codes: ['NOT_HEALTHY', 'ROLLED_BACK'],
    pattern: /container \S+ is unhealthy/,
    what: { en: 'A container did not get healthy', zh: '容器未能通过健康检查' },
    fix: {
      en: 'Read its log (compose-logs --no-follow), and run doctor',
      zh: '查看日志（compose-logs --no-follow），并运行 doctor',
    },
  },
];

/** The finding for a build or a start that failed, or undefined where its error says it all. */
export function diagnose(error: unknown): Finding | undefined {
  const {
    code,
    message = '',
    stderr = '',
  } = (error ?? {}) as {
    code?: string;
    message?: string;
    stderr?: string;
  };
  const said = `${message}\n${stderr.slice(-20_000)}`;
  for (const { id, codes, pattern, what, fix } of CAUSES) {
    const line = pattern && said.split('\n').find((each) => pattern.test(each));
    if (!line && !(code !== undefined && codes?.includes(code))) continue;
    const seen = (line ?? message.split('\n')[0] ?? '').trim().slice(0, 300);
    return { id, severity: 'error', what, seen, fix };
  }
  return undefined;
}

/** The ids of all findings that a failure can be given. */
export const CAUSE_IDS: readonly string[] = CAUSES.map(({ id }) => id);
