import { bytesText } from '@excel2doc/oci';
import type { Instruction, InstructionOf, Stage } from '@excel2doc/dockerfile';
import type { Finding, LastBuild, StepTime } from '@excel2doc/stages';

/** A finding about one stage. */
export interface DependencyFinding extends Finding {
  stage: string;
  /** Of the Dockerfile. */
  line: number;
  /** What the step in question took when the stage was built last; undefined where nobody knows. */
  seconds?: number | undefined;
}

interface Installer {
  pattern: RegExp;
  /** Where it keeps what it has downloaded. */
  cache: string;
}

/** What downloads packages. */
const INSTALLERS: Installer[] = [
  { pattern: /\buv (sync|pip)\b/, cache: '/root/.cache/uv' },
  { pattern: /\bpip3? install\b/, cache: '/root/.cache/pip' },
  { pattern: /\bpoetry install\b/, cache: '/root/.cache/pypoetry' },
  { pattern: /\bnpm (ci|install)\b/, cache: '/root/.npm' },
  { pattern: /\bpnpm (i|install|fetch)\b/, cache: '/root/.local/share/pnpm/store' },
  { pattern: /\byarn( install)?( --\S+)*\s*($|&&)/, cache: '/usr/local/share/.cache/yarn' },
  { pattern: /\bgo (build|install|mod download)\b/, cache: '/go/pkg/mod' },
  { pattern: /\bcargo (build|install|fetch)\b/, cache: '/usr/local/cargo/registry' },
  { pattern: /\b(mvn|mvnw)\b/, cache: '/root/.m2' },
  { pattern: /\b(gradle|gradlew)\b/, cache: '/root/.gradle' },
];

/** The first step of a stage, and of all that it is built on, that installs with one installer. */
interface Installation {
  stage: string;
  installer: Installer;
  step: InstructionOf<'RUN'>;
  /** What ran before it, in the stages below as well. */
  before: Instruction[];
}

/**
 * Where a change of one dependency, or of none, costs more than it has to: what downloads everything
 * again, what installs again after each edit, and what is sent again as a whole.
 *
 * @param lastBuilds by stage
 */
export function dependencyFindings(
  stages: readonly Stage[],
  lastBuilds: Readonly<Record<string, LastBuild>>,
): DependencyFinding[] {
  return stages.flatMap((stage) => {
    const build = lastBuilds[stage.name];
    return [
      ...installations(stage, stages).flatMap((each) => aboutInstallation(each, build?.steps)),
      ...aboutLayers(stage, build),
    ];
  });
}

/** Those in the stage itself: what lies in a stage below is that one's. */
function installations(stage: Stage, stages: readonly Stage[]): Installation[] {
  const below = instructionsBelow(stage, stages);
  const all = [...below, ...stage.instructions];
  return INSTALLERS.flatMap((installer): Installation[] => {
    const at = all.findIndex((step) => installs(step, installer));
    const step = all[at];
    if (at < below.length || step?.keyword !== 'RUN') return [];
    return [{ stage: stage.name, installer, step, before: all.slice(0, at) }];
  });
}

/** Of all stages that it is built on, the lowest first. */
function instructionsBelow({ from, index }: Stage, stages: readonly Stage[]): Instruction[] {
  const base = stages.findLast(
    (each) => each.index < index && each.declaredName === from.image.toLowerCase(),
  );
  if (!base) return [];
  return [...instructionsBelow(base, stages), ...base.instructions];
}

function aboutInstallation(
  { stage, installer, step, before }: Installation,
  steps: readonly StepTime[] | undefined,
): DependencyFinding[] {
  const seconds = secondsOf(installer, steps);
  const took = seconds === undefined ? '' : `; ${seconds.toFixed(1)} s when it was built last`;
  const about = { stage, line: step.line, seconds, severity: 'warning' as const };
  const found: DependencyFinding[] = [];
  if (!hasCacheMount(step)) {
    found.push({
      ...about,
      id: 'no-cache-mount',
      what: {
        en: 'Packages are downloaded again at every change of the dependencies',
        zh: '每次依赖变更都会重新下载全部软件包',
      },
      seen: `${step.original.trim().slice(0, 80)}${took}`,
      fix: {
        en: `Put --mount=type=cache,target=${installer.cache} behind RUN`,
        zh: `在 RUN 后加上 --mount=type=cache,target=${installer.cache}`,
      },
    });
  }
  const everything = mountsEverything(step) ? step : before.find(copiesEverything);
  if (everything) {
    found.push({
      ...about,
      id: 'sources-before-dependencies',
      what: {
        en: 'The sources are there before the dependencies are installed: every edit installs them again',
        zh: '安装依赖之前源代码已在其中，任何代码修改都会重新安装依赖',
      },
      seen: `${everything.original.trim().slice(0, 80)}${took}`,
      fix: {
        en: 'Give the installation only the list of dependencies (COPY it, or RUN --mount=type=bind,source=LIST,target=LIST), and copy the sources after it',
        zh: '安装时只提供依赖清单（COPY 该文件，或 RUN --mount=type=bind,source=清单,target=清单），安装后再复制源代码',
      },
    });
  }
  return found;
}

function aboutLayers({ name, from }: Stage, build: LastBuild | undefined): DependencyFinding[] {
  return (build?.inOneLayer ?? []).map(({ path, packages, sizeBytes }) => ({
    id: 'packages-in-one-layer',
    severity: 'advice',
    stage: name,
    line: from.line,
    what: {
      en: `All packages of ${path} are one layer: a change of one sends all of them to the engine and to registries`,
      zh: `${path} 的所有软件包在同一层：改动一个就要把全部重新传给引擎和镜像仓库`,
    },
    seen: `stage ${name}: ${packages} packages, ${bytesText(sizeBytes)} compressed`,
    fix: {
      en: 'Set "layering": "package" in the options of the plugin (nx.json); every stage is built once more then',
      zh: '在插件选项（nx.json）中设置 "layering": "package"；此后每个阶段会重新构建一次',
    },
  }));
}

/** What all steps with the installer took together; undefined where none was carried out. */
function secondsOf({ pattern }: Installer, steps: readonly StepTime[] = []): number | undefined {
  const own = steps.filter(({ step }) => step.startsWith('RUN ') && pattern.test(step));
  return own.length === 0 ? undefined : own.reduce((sum, { seconds }) => sum + seconds, 0);
}

function installs(step: Instruction, { pattern }: Installer): boolean {
  return step.keyword === 'RUN' && pattern.test(runCommand(step).replace(/#.*$/gm, ''));
}

/** What a RUN hands to its shell, or to the kernel: words and the content of heredocs. */
function runCommand({ command, heredocs }: InstructionOf<'RUN'>): string {
  const line = command.form === 'exec' ? command.args.join(' ') : command.command;
  return [line, ...heredocs.map(({ content }) => content)].join('\n');
}

/** A cache mount for any folder: which one is the author's choice. */
const hasCacheMount = ({ mounts }: InstructionOf<'RUN'>) =>
  mounts.some((mount) => mount.split(',').includes('type=cache'));

/** A bind mount of the whole context: without a type it is one, without a source it is all of it. */
function mountsEverything({ mounts }: InstructionOf<'RUN'>): boolean {
  return mounts.some((mount) => {
    const fields = new Map(
      mount.split(',').map((field): [string, string] => {
        const [key = '', ...value] = field.split('=');
        return [key.toLowerCase(), value.join('=')];
      }),
    );
    if ((fields.get('type') ?? 'bind') !== 'bind' || fields.has('from')) return false;
    return isEverything(fields.get('source') ?? fields.get('src') ?? '.');
  });
}

/** Does it bring the whole build context in? */
const copiesEverything = (step: Instruction): boolean =>
  (step.keyword === 'COPY' || step.keyword === 'ADD') &&
  step.from === undefined &&
  step.sources.some(isEverything);

/** `.`, `./`, `/` */
const isEverything = (source: string) => /^(\.?\/)?\.?$/.test(source);
