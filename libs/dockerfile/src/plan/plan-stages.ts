import { FileIndex } from '../context/file-index';
import { LeftOut } from '../context/left-out';
import { takeSource } from '../context/source';
import { ContextTree } from '../context/tree';
import type { Dockerfile } from '../dockerfile';
import { DockerfileError } from '../error';
import { readIgnoreRules } from '../ignore/ignore-file';
import type { Reason, StageBase, StageOutput, StagePlan, StagePlanFile } from '../plan';
import { PLAN_FORMAT } from '../plan';
import type { EvaluatedStage, Step } from '../stage/step';
import { faultOf } from '../stage/fault';
import type { Reading } from '../stage/reading';
import { readAsking, readByRules } from '../stage/reading';
import type { RuleSet } from '../rules';
import { EPOCH, isMovingEpoch } from '../stage/epoch';
import type { BaseInput } from '../stage/base';
import { foldedStages, stageOutputs } from '../stage/output';
import { machinePlatform, normalPlatform } from '../stage/platform';
import { targetIndexes } from '../stages';
import { Meanings, requirementsByMeaning } from '../requirements/eligible';
import type { ContextReader } from './files';
import { FileSet, takeRead } from './files';

export interface PlanOptions {
  /** Absolute path of the build context. */
  contextDir: string;
  /** Absolute path of the Dockerfile: its own .dockerignore lies beside it. Default: in the context. */
  dockerfilePath?: string;
  /** Default: linux and the architecture of this machine. */
  platforms?: string[];
  buildPlatform?: string;
  /**
   * The rule set of the BuildKit that builds (`ruleSetOf` its version). Without it a stage that is not
   * the same by all rule sets reads the whole context and is not cached.
   */
  rules?: RuleSet | undefined;
  /** The stage that a build is asked for, of which TARGETSTAGE tells; default: the last one. */
  target?: string;
  buildArgs?: Record<string, string>;
  /** Base images by reference: what docker/images.lock.json says. */
  bases?: Record<string, BaseInput>;
  /** Values of --build-context, by name. */
  namedContexts?: Record<string, string>;
  /** Stages that are wanted as whole images, besides the last one and those nobody uses. */
  targets?: string[];
  /** Paths of the context that are no part of it, whatever .dockerignore says; see `LeftOut`. */
  leftOut?: readonly string[];
  /** Where digests of unchanged files are kept between runs. */
  indexPath?: string;
  /**
   * Told of a stage that cannot be built; it is then left out of the result, as BuildKit leaves a
   * stage alone that nothing needs. Without it the first such stage is an error.
   */
  onRefused?: (stage: string, error: DockerfileError) => void;
}

/**
 * What each stage of a Dockerfile reads, as plain data: its cache key.
 *
 * @throws DockerfileError for what BuildKit refuses, a COPY source that is not there among it
 */
export function planStages(dockerfile: Dockerfile, options: PlanOptions): StagePlanFile[] {
  return planAll(
    options,
    platformsOf(options).map((on) => readByRules(dockerfile, { ...options, ...on })),
  );
}

/**
 * As `planStages`, where finding out by whose rules is dear.
 *
 * @param ask for the builder's rules on a platform, where rule sets read the Dockerfile differently
 */
export async function planStagesAsking(
  dockerfile: Dockerfile,
  options: Omit<PlanOptions, 'rules'>,
  ask: (platform: string) => Promise<RuleSet | undefined>,
): Promise<StagePlanFile[]> {
  const readings: Reading[] = [];
  for (const on of platformsOf(options))
    readings.push(await readAsking(dockerfile, { ...options, ...on }, () => ask(on.platform)));
  return planAll(options, readings);
}

function platformsOf(options: Omit<PlanOptions, 'rules'>) {
  const buildPlatform = normalPlatform(options.buildPlatform ?? machinePlatform());
  const platforms = (options.platforms ?? [machinePlatform()]).map(normalPlatform);
  return platforms.map((platform) => ({ platform, buildPlatform }));
}

function planAll(options: PlanOptions, readings: readonly Reading[]): StagePlanFile[] {
  const { contextDir, dockerfilePath = `${contextDir}/Dockerfile` } = options;
  const index = new FileIndex(options.indexPath);
  const rules = readIgnoreRules(dockerfilePath, contextDir);
  const tree = new ContextTree(contextDir, rules, new LeftOut(options.leftOut ?? []));
  const opened = { tree, index, meanings: new Meanings(tree) };
  const platforms = platformsOf(options);
  const plans = readings.map((reading, at) =>
    planPlatform(reading, platforms[at]!.platform, options, opened),
  );
  index.save();
  return readings[0]!.dockerfile.stages.flatMap(({ name, index: at }) => {
    const own = plans.flatMap((stages) => stages[at] ?? []);
    const whole = own.length === plans.length;
    return whole ? [{ format: PLAN_FORMAT, stage: name, platforms: own }] : [];
  });
}

type Opened = Pick<ContextReader, 'tree' | 'index'> & { meanings: Meanings };

function planPlatform(
  reading: Reading,
  platform: string,
  options: PlanOptions,
  opened: Opened,
): (StagePlan | undefined)[] {
  const { dockerfile, stages } = reading;
  const steps = stages.flatMap((stage) => stage.steps);
  const { file } = dockerfile;
  const reader = { ...opened, file, steps, buildArgs: options.buildArgs ?? {} };
  const targets = options.targets ?? [];
  const known = new Set(stages.map(({ stage }) => stage.name));
  const strange = targets.find((name) => !known.has(name));
  if (strange !== undefined)
    throw new DockerfileError('UNKNOWN_STAGE', {
      message: `target stage "${strange}" could not be found in ${file}`,
      hint: `its stages are ${[...known].join(', ')}`,
    });
  const outputs = stageOutputs(stages, targetIndexes(stages, targets));
  return stages.map(({ stage }, index) => {
    try {
      const fault = faultOf(stages, index);
      if (fault) throw fault;
      return planOne(reading, outputs, index, platform, reader);
    } catch (error) {
      if (!options.onRefused || !(error instanceof DockerfileError)) throw error;
      options.onRefused(stage.name, error);
      return undefined;
    }
  });
}

function planOne(
  { dockerfile, stages, differs, isKnown, other }: Reading,
  outputs: StageOutput[],
  index: number,
  platform: string,
  reader: Opened & ContextReader & { buildArgs: Record<string, string> },
): StagePlan {
  const folded = foldedStages(stages, outputs, index);
  const chain = folded.map((at) => stages[at]!).reverse();
  const steps = chain.flatMap(({ steps }, at) =>
    // A trigger of a folded stage is an instruction like any other.
    at === 0 ? steps : steps.map((step) => ({ ...step, planned: withoutOrigin(step.planned) })),
  );
  const first = chain[0]!;
  const output = outputs[index]!;
  const wholeContext = [
    ...chain.flatMap(({ reasons }) => reasons.wholeContext),
    ...steps.flatMap((step) => step.wholeContext),
  ];
  const needed = new Set<string>();
  const images = new Map<string, string | null>();
  const taken: Parameters<typeof requirementsByMeaning>[2] = [];
  for (const [at, step] of steps.entries()) {
    for (const read of step.reads) {
      if (read.kind === 'stage') needed.add(stages[read.stage]!.stage.name);
      else if (read.kind === 'image') images.set(read.reference, read.digest);
      else
        for (const each of takeRead(reader, step, read))
          taken.push({ step: at, read, taken: each });
    }
  }
  if (other !== undefined) wholeContext.push({ reason: other, line: 1 });
  const meanings =
    wholeContext.length > 0
      ? new Map<string, string>()
      : requirementsByMeaning(reader.meanings, steps, taken, output);
  const files = new FileSet(reader, meanings);
  for (const each of taken) files.add(each.taken);
  if (wholeContext.length > 0) {
    const all = takeSource(reader.tree, '.', []);
    if (Array.isArray(all)) all.forEach((each) => files.add(each));
  }
  if (first.base.kind === 'stage') needed.add(stages[first.base.stage]!.stage.name);
  const { syntax, escape } = dockerfile.directives;
  const frontend = {
    ...(syntax && { syntax }),
    ...(escape !== '\\' && { escape }),
    ...(isKnown && folded.some((at) => differs[at]) && { rules: dockerfile.rules }),
  };
  return {
    platform,
    output,
    base: planBase(first, stages, platform),
    instructions: [...handedDown(first, stages), ...steps.map(({ planned }) => planned)],
    args: { ...buildKitArgs(reader.buildArgs), ...usedArgs(stages[index]!, steps, output) },
    stages: [...needed].sort(),
    images: [...images]
      .map(([reference, digest]) => ({ reference, digest }))
      .sort((a, b) => (a.reference < b.reference ? -1 : 1)),
    files: files.sorted(),
    wholeContext,
    uncacheable: [
      ...chain.flatMap(({ reasons }) => reasons.uncacheable),
      ...steps.flatMap((step) => step.uncacheable),
      ...movingEpoch(dockerfile, reader.buildArgs),
    ],
    ...(Object.keys(frontend).length > 0 && { frontend }),
  };
}

function withoutOrigin({ keyword, text }: Step['planned']): Step['planned'] {
  return { keyword, text };
}

function planBase(first: EvaluatedStage, stages: EvaluatedStage[], platform: string): StageBase {
  const { base } = first;
  if (base.kind === 'scratch') return base;
  if (base.kind === 'stage') return { kind: 'stage', stage: stages[base.stage]!.stage.name };
  const other = first.platform !== undefined && first.platform !== platform;
  const { reference, digest } = base;
  return { kind: 'image', reference, digest, ...(other && { platform: first.platform! }) };
}

/** The ARGs of a base stage that is built as an image: BuildKit hands them down, an image can't. */
function handedDown({ base }: EvaluatedStage, stages: EvaluatedStage[]): StagePlan['instructions'] {
  if (base.kind !== 'stage') return [];
  return [...stages[base.stage]!.args].map(([name]) => ({
    keyword: 'ARG' as const,
    text: `ARG ${name}`,
    from: 'argument' as const,
  }));
}

/** The time of what a stage or a named context fetches: no key tells it. */
function movingEpoch({ globalArgs }: Dockerfile, buildArgs: Record<string, string>): Reason[] {
  const written = globalArgs.flatMap(({ args }) => args).findLast((arg) => arg.name === EPOCH);
  const epoch = Object.hasOwn(buildArgs, EPOCH) ? buildArgs[EPOCH] : written?.value;
  if (!isMovingEpoch(epoch)) return [];
  return [{ reason: `${EPOCH}=${epoch} is a time that BuildKit looks up when it builds` }];
}

/** Build arguments that BuildKit obeys without an ARG. */
function buildKitArgs(buildArgs: Record<string, string>): Record<string, string> {
  const obeyed = /^(?:SOURCE_DATE_EPOCH|BUILDKIT_.*)$/;
  return Object.fromEntries(
    Object.entries(buildArgs)
      .filter(([name]) => obeyed.test(name))
      .sort(),
  );
}

/**
 * The ARGs whose value can show in the result. In an image all do, by its history; in exported
 * paths those that a RUN sees in its environment or an instruction substitutes.
 */
function usedArgs(
  stage: EvaluatedStage,
  steps: Step[],
  output: StageOutput,
): Record<string, string> {
  const runs = steps.some(({ instruction }) => instruction.keyword === 'RUN');
  const names = [...stage.args.keys()].filter(
    (name) =>
      output.kind === 'image' || runs || steps.some(({ substitutes }) => substitutes.has(name)),
  );
  return Object.fromEntries(names.sort().map((name) => [name, stage.args.get(name)!]));
}
