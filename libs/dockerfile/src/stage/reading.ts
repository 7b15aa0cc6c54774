import type { Dockerfile } from '../dockerfile';
import { parseDockerfile } from '../dockerfile';
import { DockerfileError } from '../error';
import type { RuleSet } from '../rules';
import { newestRules, ruleSets } from '../rules';
import { frontendOf } from '../syntax/frontend';
import { knownFrontend } from '../syntax/released';
import { isReadAlike } from './alike';
import { evaluateStages } from './evaluate';
import type { EvaluateOptions } from './options';
import type { EvaluatedStage, Read } from './step';

export interface ReadingOptions extends EvaluateOptions {
  /** Those of the builder; `undefined` where nobody knows which one it will be. */
  rules?: RuleSet | undefined;
}

/** A Dockerfile's stages, and what hangs on whose rules they are read by. */
export interface Reading {
  dockerfile: Dockerfile;
  stages: EvaluatedStage[];
  /** Of each stage, whether some rule set reads it differently. */
  differs: boolean[];
  isKnown: boolean;
  /** Why nothing of this need apply: another frontend than is known here reads the file. */
  other?: string;
}

/** Asked for the builder's rules where a Dockerfile is not the same by all of them. */
export type AskRules = () => Promise<RuleSet | undefined>;

/**
 * Reads a Dockerfile by the builder's rules and by all others, to see what differs. Where the builder
 * is not known, it is read by the newest that take it, and a stage that differs needs what it needs
 * by any rules.
 *
 * @throws DockerfileError for what the builder refuses whatever it is to build
 */
export function readByRules(given: Dockerfile, options: ReadingOptions): Reading {
  return chosen(readByAll(given, options), options.rules);
}

/**
 * As `readByRules`, where nobody may have to know the builder: it is asked for only if it makes a
 * difference.
 */
export async function readAsking(
  given: Dockerfile,
  options: EvaluateOptions,
  ask: AskRules,
): Promise<Reading> {
  const all = readByAll(given, options);
  const reading = chosen(all, undefined);
  // A frontend that every builder finds decides, whoever the builder is.
  const isNamed = [...all.frontends.values()].every((name) => name !== undefined);
  if (reading.isKnown || isNamed || !reading.differs.includes(true)) return reading;
  return chosen(all, await ask());
}

interface ByRules {
  dockerfile: Dockerfile;
  stages: EvaluatedStage[];
}

/** A Dockerfile as each rule set has it. */
interface Readings {
  tried: { rules: RuleSet; result?: ByRules; refusal?: DockerfileError }[];
  /** The frontend that a builder of each rule set hands it to. */
  frontends: ReadonlyMap<RuleSet, string | undefined>;
}

function readByAll(given: Dockerfile, options: EvaluateOptions): Readings {
  const { file, source, rules: parsed } = given;
  const read = (rules: RuleSet): ByRules => {
    const dockerfile = rules === parsed ? given : parseDockerfile(source, { file, rules });
    return { dockerfile, stages: evaluateStages(dockerfile, options) };
  };
  const frontends = new Map(
    ruleSets.map((rules) => [rules, frontendOf(source, options.buildArgs ?? {}, rules)]),
  );
  const newest = parsed === newestRules ? attempt(() => read(parsed)) : {};
  const { result } = newest;
  if (result && isReadAlike(given, result.stages)) {
    const same = (rules: RuleSet) => ({ ...result, dockerfile: { ...given, rules } });
    return { tried: ruleSets.map((rules) => ({ rules, result: same(rules) })), frontends };
  }
  const tried = ruleSets.map((rules) =>
    rules === parsed && parsed === newestRules
      ? { rules, ...newest }
      : { rules, ...attempt(() => read(rules)) },
  );
  return { tried, frontends };
}

function chosen({ tried, frontends }: Readings, builder: RuleSet | undefined): Reading {
  const names = builder === undefined ? [...frontends.values()] : [frontends.get(builder)];
  const read = [...new Set(names)].map((name) => (name === undefined ? name : knownFrontend(name)));
  const [only] = read;
  const other = read.find((each) => each?.kind === 'other');
  const wanted =
    read.length > 1 || only?.kind === 'other' ? undefined : only ? only.rules : builder;
  const newestFirst = tried.toReversed();
  const main =
    wanted === undefined
      ? (newestFirst.find(({ result }) => result?.stages.every(({ fault }) => !fault)) ??
        newestFirst.find(({ result }) => result) ??
        newestFirst[0]!)
      : tried.find(({ rules }) => rules === wanted)!;
  if (!main.result) throw main.refusal!;
  const { dockerfile, stages } = main.result;
  const others = tried.filter((each) => each !== main).map(({ result }) => result?.stages);
  // A builder that refuses a stage makes no image that could be mistaken for another's.
  const differs = stages.map((stage, index) =>
    others.some((all) => {
      if (all === stages) return false;
      const other = all?.[index];
      if (!other || other.fault || stage.fault) return false;
      return fingerprint(other) !== fingerprint(stage);
    }),
  );
  const isKnown = wanted !== undefined;
  const joined = stages.map((stage, index) =>
    isKnown || !differs[index]
      ? stage
      : needingAll(
          stage,
          others.flatMap((other) => other?.[index] ?? []),
        ),
  );
  return { dockerfile, stages: joined, differs, isKnown, ...(other && { other: other.reason }) };
}

function attempt<T>(run: () => T): { result?: T; refusal?: DockerfileError } {
  try {
    return { result: run() };
  } catch (refusal) {
    if (refusal instanceof DockerfileError) return { refusal };
    throw refusal;
  }
}

/** Two stages of one fingerprint give one image, as far as the Dockerfile goes. */
export function fingerprint(stage: EvaluatedStage): string {
  const { base, platform, steps, args, reasons } = stage;
  const seen = steps.map(({ planned, reads, values, cwd, wholeContext, uncacheable }) => [
    // A default that a build argument replaces is substituted by the old, and means nothing.
    ...[planned, reads, planned.keyword === 'ARG' ? [] : values, cwd, wholeContext, uncacheable],
  ]);
  return JSON.stringify([stage.stage.name, base, platform, [...args], reasons, seen]);
}

/** A stage with what others need for it: of the stages and images that they read, everything. */
function needingAll(stage: EvaluatedStage, others: readonly EvaluatedStage[]): EvaluatedStage {
  const whole = (read: Read): Read => (read.kind === 'stage' ? { ...read, paths: 'all' } : read);
  const steps = stage.steps.map((step) => ({ ...step, reads: step.reads.map(whole) }));
  const reads = others
    .flatMap((other) => other.steps.flatMap((step) => step.reads))
    .filter(({ kind }) => kind === 'stage' || kind === 'image')
    .map(whole);
  const last = steps.at(-1);
  if (last) steps[steps.length - 1] = { ...last, reads: [...last.reads, ...reads] };
  const reason = {
    reason: `BuildKit ${ruleSets.map((rules) => `0.${rules}`).join(' and ')} read it differently, and which one builds it is not known`,
    line: stage.stage.from.line,
  };
  return {
    ...stage,
    steps,
    reasons: {
      wholeContext: [...stage.reasons.wholeContext, reason],
      uncacheable: [...stage.reasons.uncacheable, reason],
    },
  };
}
