import { bytesText } from '@excel2doc/oci';
import {
  DockerfileError,
  type Instruction,
  type InstructionOf,
  type Stage,
  parseDockerfile,
} from '@excel2doc/dockerfile';
import { type Finding } from '@excel2doc/stages';
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
function installerCache(step: Instruction): string | undefined {
  if (step.keyword !== 'RUN') return undefined;
  const command = runCommand(step).replace(/#.*$/gm, '');
  return INSTALLERS.find(([pattern]) => pattern.test(command))?.[1];
}

/** What a RUN hands to its shell, or to the kernel: words and the content of heredocs. */
function runCommand({ command, heredocs }: InstructionOf<'RUN'>): string {
  const line = command.form === 'exec' ? command.args.join(' ') : command.command;
  return [line, ...heredocs.map(({ content }) => content)].join('\n');
}

/** A cache mount for any folder: which one is the author's choice. */
const hasCacheMount = ({ mounts }: InstructionOf<'RUN'>) =>
  mounts.some((mount) => mount.split(',').includes('type=cache'));

/** Does it bring the whole build context in? */
const copiesEverything = (step: Instruction): boolean =>
  (step.keyword === 'COPY' || step.keyword === 'ADD') &&
  step.from === undefined &&
  step.sources.some((source) => /^(\.?\/)?\.?$/.test(source));

/** The stages of a Dockerfile; none where it is not one: the build says what is wrong with it. */
function stagesOf({ path, text }: NonNullable<Facts['dockerfile']>): Stage[] {
  try {
    return [...parseDockerfile(text, { file: path }).stages];
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
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
      seen: bytesText(contextBytes),
      fix: { en: 'Write a .dockerignore', zh: '添加 .dockerignore' },
    });
  }
  if (!dockerfile) return found;
  const stage = stagesOf(dockerfile).find(({ instructions }) => instructions.some(installerCache));
  const steps = stage?.instructions ?? [];
  const at = steps.findIndex(installerCache);
  const install = steps[at];
  if (install?.keyword !== 'RUN') return found;
  if (!hasCacheMount(install)) {
    const cache = installerCache(install);
    found.push({
      id: 'no-cache-mount',
      severity: 'warning',
      what: {
        en: 'Packages are downloaded again at every change of the dependencies',
        zh: '每次依赖变更都会重新下载全部软件包',
      },
      seen: install.original.trim().slice(0, 80),
      fix: {
        en: `Put --mount=type=cache,target=${cache} behind RUN`,
        zh: `在 RUN 后加上 --mount=type=cache,target=${cache}`,
      },
    });
  }
  const everything = steps.slice(0, at).find(copiesEverything);
  if (everything) {
    found.push({
      id: 'sources-before-dependencies',
      severity: 'warning',
      what: {
        en: 'The sources are copied before the dependencies are installed: every edit installs them again',
        zh: '先复制源代码再安装依赖，任何代码修改都会重新安装依赖',
      },
      seen: everything.original.trim(),
      fix: {
        en: 'Copy only the list of dependencies first, the sources after the installation',
        zh: '先只复制依赖清单（如 requirements.txt），安装后再复制源代码',
      },
    });
  }
  return found;
}
