import { type Finding, formatSize } from '@excel2doc/stages';
import type { Facts } from './facts';

const LARGE_CONTEXT = 100 * 2 ** 20;
/** What downloads packages, and where it keeps them. */
const INSTALLERS: [RegExp, string][] = [
  [/\buv (sync|pip)\b/, '/root/.cache/uv'],
  [/\bpip3? install\b/, '/root/.cache/pip'],
  [/\bpoetry install\b/, '/root/.cache/pypoetry'],
  [/\bnpm (ci|install)\b/, '/root/.npm'],
  [/\bpnpm (i|install|fetch)\b/, '/root/.local/share/pnpm/store'],
  [/\byarn( install)?( --\S+)*\s*($|&&)/, '/usr/local/share/.cache/yarn'],
  [/\bgo (build|install|mod download)\b/, '/go/pkg/mod'],
  [/\bcargo (build|install|fetch)\b/, '/usr/local/cargo/registry'],
  [/\b(mvn|mvnw)\b/, '/root/.m2'],
  [/\b(gradle|gradlew)\b/, '/root/.gradle'],
];

/** The cache folder of what a step installs with; undefined for a step that installs nothing. */
function installerCache(step: string): string | undefined {
  if (!/^\s*RUN\b/i.test(step)) return undefined;
  const command = step.replace(/#.*$/, '');
  return INSTALLERS.find(([pattern]) => pattern.test(command))?.[1];
}

/** What makes builds slow: in the Dockerfile, the context, and the last plans. */
export function building({
  dockerfile,
  hasDockerignore,
  contextBytes,
  planProblems,
}: Pick<Facts, 'dockerfile' | 'hasDockerignore' | 'contextBytes' | 'planProblems'>): Finding[] {
  const found: Finding[] = planProblems.map(({ stage, kind, reason, line }) => ({
    id: 'cache-never-hits',
    severity: 'warning',
    what:
      kind === 'uncacheable'
        ? { en: `Stage ${stage} can never come from the cache`, zh: `阶段 ${stage} 无法命中缓存` }
        : {
            en: `Stage ${stage} is built anew after any change in the context`,
            zh: `上下文任何变化都会使阶段 ${stage} 重新构建`,
          },
    seen: line === undefined ? reason : `line ${line}: ${reason}`,
    fix: {
      en: 'Lock the base image (docker-lock), copy by name what the stage needs, or leave files out in .dockerignore',
      zh: '锁定基础镜像（docker-lock），只复制该阶段需要的文件，或在 .dockerignore 中排除无关文件',
    },
  }));
  if (!hasDockerignore && contextBytes > LARGE_CONTEXT) {
    found.push({
      id: 'context-large',
      severity: 'warning',
      what: {
        en: 'The build context is large and nothing is left out',
        zh: '构建上下文过大且没有 .dockerignore',
      },
      seen: formatSize(contextBytes),
      fix: { en: 'Write a .dockerignore', zh: '添加 .dockerignore' },
    });
  }
  if (!dockerfile) return found;
  // A step goes on over backslashes.
  const steps = dockerfile.text.replace(/\\\r?\n/g, ' ').split(/\r?\n/);
  const install = steps.findIndex((step) => installerCache(step));
  const cache = installerCache(steps[install] ?? '');
  if (install >= 0 && !/--mount=type=cache/.test(steps[install] ?? '')) {
    found.push({
      id: 'no-cache-mount',
      severity: 'warning',
      what: {
        en: 'Packages are downloaded again at every change of the dependencies',
        zh: '每次依赖变更都会重新下载全部软件包',
      },
      seen: (steps[install] ?? '').trim().slice(0, 80),
      fix: {
        en: `Put --mount=type=cache,target=${cache} behind RUN`,
        zh: `在 RUN 后加上 --mount=type=cache,target=${cache}`,
      },
    });
  }
  const from = steps.slice(0, install).findLastIndex((step) => /^\s*FROM\b/i.test(step));
  const everything = steps
    .slice(from, install)
    .find((step) => /^\s*(COPY|ADD)\s+(--\S+\s+)*\.\/?\s/.test(step));
  if (install >= 0 && everything) {
    found.push({
      id: 'sources-before-dependencies',
      severity: 'warning',
      what: {
        en: 'The sources are copied before the dependencies are installed: every edit installs them again',
        zh: '先复制源代码再安装依赖，任何代码修改都会重新安装依赖',
      },
      seen: everything.trim(),
      fix: {
        en: 'Copy only the list of dependencies first, the sources after the installation',
        zh: '先只复制依赖清单（如 requirements.txt），安装后再复制源代码',
      },
    });
  }
  return found;
}
