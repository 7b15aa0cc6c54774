import type { Dockerfile } from '../dockerfile';
import { parseDockerfile } from '../dockerfile';
import { DockerfileError } from '../error';
import type { RuleSet } from '../rules';
import { ruleSets } from '../rules';
import { evaluateStages } from './evaluate';
import type { EvaluateOptions } from './graph';
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
}

/**
 * Reads a Dockerfile by the builder's rules and by all others, to see what differs. Where the builder
 * is not known, it is read by the newest that take it, and a stage that differs needs what it needs
 * by any rules.
 *
 * @throws DockerfileError for what the builder refuses whatever it is to build
 */
export function readByRules(given: Dockerfile, options: ReadingOptions): Reading {
  const { file, source, rules: parsed } = given;
  const wanted = frontendRules(given, options);
  const read = (rules: RuleSet) => {
    const dockerfile = rules === parsed ? given : parseDockerfile(source, { file, rules });
    return { dockerfile, stages: evaluateStages(dockerfile, options) };
  };
  const tried = ruleSets.map((rules) => ({ rules, ...attempt(() => read(rules)) }));
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
  return { dockerfile, stages: joined, differs, isKnown };
}

/**
 * Whether it has to be known who builds it: BuildKits of different rule sets read some stage of it
 * differently, and neither `rules` nor its `# syntax=` says by which it will be read.
 *
 * @throws DockerfileError as `readByRules`
 */
export function isReadDifferently(dockerfile: Dockerfile, options: ReadingOptions): boolean {
  const { isKnown, differs } = readByRules(dockerfile, options);
  return !isKnown && differs.includes(true);
}

function attempt<T>(run: () => T): { result?: T; refusal?: DockerfileError } {
  try {
    return { result: run() };
  } catch (refusal) {
    if (refusal instanceof DockerfileError) return { refusal };
    throw refusal;
  }
}

/** The released frontends of `# syntax=` are what the BuildKit of their time has built in. */
const released: Record<string, RuleSet> = { '1.7': 13, '1.28': 34 };

function frontendRules({ directives }: Dockerfile, { rules }: ReadingOptions): RuleSet | undefined {
  const frontend = /^(?:docker\.io\/)?docker\/dockerfile(?::([^@\s]+))?(?:@\S+)?(?:\s|$)/.exec(
    directives.syntax ?? '',
  );
  if (!frontend) return rules;
  const version = /^(\d+\.\d+)(?:\.\d+)?$/.exec(frontend[1] ?? '')?.[1] ?? '';
  return Object.hasOwn(released, version) ? released[version] : undefined;
}

/** Two stages of one fingerprint give one image, as far as the Dockerfile goes. */
function fingerprint(stage: EvaluatedStage): string {
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
