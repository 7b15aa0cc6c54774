import { bytesText } from '@excel2doc/oci';
import {
  type Instruction,
  type InstructionOf,
  mountFields,
  type Stage,
} from '@excel2doc/dockerfile';
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

/** What downloads packages; the first that a step matches is the one that it installs with. */
const INSTALLERS: Installer[] = [
  { pattern: /\buv (sync|pip)\b/, cache: '/root/.cache/uv' },
  { pattern: /\bpoetry install\b/, cache: '/root/.cache/pypoetry' },
  { pattern: /\bpip3? install\b/, cache: '/root/.cache/pip' },
  { pattern: /\bpnpm (i|install|fetch)\b/, cache: '/root/.local/share/pnpm/store' },
  { pattern: /\byarn( install)?( --\S+)*\s*($|&&)/, cache: '/usr/local/share/.cache/yarn' },
  { pattern: /\bnpm (ci|install)\b(?!.*\s(-g|--global)\b)/, cache: '/root/.npm' },
  { pattern: /\bgo (build|install|mod download)\b/, cache: '/go/pkg/mod' },
  { pattern: /\bcargo (build|install|fetch)\b/, cache: '/usr/local/cargo/registry' },
  { pattern: /\b(mvn|mvnw)\b/, cache: '/root/.m2' },
  { pattern: /\b(gradle|gradlew)\b/, cache: '/root/.gradle' },
];

/** `pip install --upgrade pip`: what installs, and nothing that the program needs. */
const TOOLS_ALONE =
  /\bpip3? install(\s+(-\S+|(pip|setuptools|wheel|build|virtualenv|pipenv)([=<>~!]\S*)?))+\s*(?=$|&&|;)/g;

/** The first step of a stage that installs with one installer. */
interface Installation {
  stage: string;
  installer: Installer;
  step: InstructionOf<'RUN'>;
  /** What ran before it, in the stages below as well. */
  before: Instruction[];
}

/**
 * Where a change of one dependency, or of none, costs more than it has to: what downloads everything
 * again, what installs again after each edit, and what is made anew as a whole.
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

/** What a stage that it takes something from installs with is downloaded already. */
function installations(stage: Stage, stages: readonly Stage[]): Installation[] {
  const known = new Set(
    takenFrom(stage, stages).flatMap((other) => other.instructions.map(installerOf)),
  );
  const below = stages.filter((other) => isBelow(stage, other, stages));
  const inherited = below.flatMap(({ instructions }) => instructions);
  return stage.instructions.flatMap((step, at): Installation[] => {
    const installer = installerOf(step);
    if (step.keyword !== 'RUN' || !installer || known.has(installer)) return [];
    known.add(installer);
    const before = [...inherited, ...stage.instructions.slice(0, at)];
    return [{ stage: stage.name, installer, step, before }];
  });
}

/** The stages that it is built on or copies from, and those that these take from in turn. */
function takenFrom(stage: Stage, stages: readonly Stage[]): Stage[] {
  const found = new Set<Stage>();
  const follow = ({ index, from, instructions }: Stage) => {
    const names = [from.image, ...instructions.flatMap(sourcesOf)];
    for (const other of stages.slice(0, index))
      if (!found.has(other) && names.some((name) => isNamed(other, name))) {
        found.add(other);
        follow(other);
      }
  };
  follow(stage);
  return [...found];
}

/** Whether a stage is built FROM another one, or from one that is. */
function isBelow(stage: Stage, other: Stage, stages: readonly Stage[]): boolean {
  const base = stages.slice(0, stage.index).findLast((each) => isNamed(each, stage.from.image));
  return base !== undefined && (base === other || isBelow(base, other, stages));
}

/** A name with a variable may be any stage's: nothing is said that may be false. */
function isNamed({ declaredName, index }: Stage, name: string): boolean {
  if (name.includes('$')) return true;
  return name === String(index) || (declaredName !== '' && name.toLowerCase() === declaredName);
}

/** What COPY, ADD and the mounts of RUN name behind `from`. */
function sourcesOf(step: Instruction): string[] {
  if (step.keyword === 'COPY' || step.keyword === 'ADD')
    return step.from === undefined ? [] : [step.from];
  if (step.keyword !== 'RUN') return [];
  return step.mounts.flatMap((mount) => mountFields(mount).get('from') ?? []);
}

function aboutInstallation(
  { stage, installer, step, before }: Installation,
  steps: readonly StepTime[] | undefined,
): DependencyFinding[] {
  const seconds = secondsOf(step, steps);
  const said = `line ${step.line}: ${squeezed(step.original).slice(0, 80)}`;
  const seen = seconds === undefined ? said : `${said}; ${seconds.toFixed(1)} s when it ran last`;
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
      seen,
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
      seen:
        everything === step
          ? seen
          : `${squeezed(everything.original).slice(0, 80)}, before ${seen}`,
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
      en: `All packages of ${path} are one layer: a change of one makes it anew, and it is sent whole`,
      zh: `${path} 的所有软件包在同一层：改动一个就要重新生成整层，并整层传输`,
    },
    seen: `stage ${name}: ${packages} packages, ${bytesText(sizeBytes)}`,
    fix: {
      en: 'Set "layering": "package" in the options of the plugin (nx.json); every stage is built once more then',
      zh: '在插件选项（nx.json）中设置 "layering": "package"；此后每个阶段会重新构建一次',
    },
  }));
}

/**
 * What a step took in the last build of its stage, on the platform where it took longest; undefined
 * where BuildKit had it in its cache, or is not seen to have run it.
 */
function secondsOf(
  { command, heredocs }: InstructionOf<'RUN'>,
  steps: readonly StepTime[] = [],
): number | undefined {
  if (command.form !== 'shell' || heredocs.length > 0) return undefined;
  const wanted = squeezed(command.command);
  // Mounts may be written otherwise for a build.
  const own = steps.filter(({ step }) => squeezed(step.replace(/^RUN( --\S+)*/, '')) === wanted);
  return own.length === 0 ? undefined : Math.max(...own.map(({ seconds }) => seconds));
}

const squeezed = (text: string) => text.replace(/\s+/g, ' ').trim();

function installerOf(step: Instruction): Installer | undefined {
  if (step.keyword !== 'RUN') return undefined;
  const command = runCommand(step).replace(/#.*$/gm, '').replace(TOOLS_ALONE, '');
  return INSTALLERS.find(({ pattern }) => pattern.test(command));
}

/** What a RUN hands to its shell, or to the kernel: words and the content of heredocs. */
function runCommand({ command, heredocs }: InstructionOf<'RUN'>): string {
  const line = command.form === 'exec' ? command.args.join(' ') : command.command;
  return [line, ...heredocs.map(({ content }) => content)].join('\n');
}

/** A cache mount for any folder: which one is the author's choice. */
const hasCacheMount = ({ mounts }: InstructionOf<'RUN'>) =>
  mounts.some((mount) => mountFields(mount).get('type') === 'cache');

/** A bind mount of the whole context: without a type it is one, without a source it is all of it. */
function mountsEverything({ mounts }: InstructionOf<'RUN'>): boolean {
  return mounts.some((mount) => {
    const fields = mountFields(mount);
    if ((fields.get('type') ?? 'bind') !== 'bind' || fields.has('from')) return false;
    return isEverything(fields.get('source') ?? '.');
  });
}

/** Does it bring the whole build context in? */
const copiesEverything = (step: Instruction): boolean =>
  (step.keyword === 'COPY' || step.keyword === 'ADD') &&
  step.from === undefined &&
  step.sources.some(isEverything);

/** `.`, `./`, `/` */
const isEverything = (source: string) => /^(\.?\/)?\.?$/.test(source);
