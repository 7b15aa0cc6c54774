import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Difference,
  type StagePlan,
  type StagePlanFile,
  differenceText,
  explainDifference,
} from '@excel2doc/dockerfile';

/** What was built last, beside the outputs of a stage; it is restored from the cache with them. */
export const BUILT_PLAN = 'plan.json';

export interface StageExplanation {
  stage: string;
  platform: string;
  state: 'hit' | 'rebuild' | 'unknown';
  /** Why it is not a hit, by name. */
  reasons: string[];
  differences: Difference[];
  /** Why its files are not exact, or it is not cached. */
  notes: string[];
  plan: StagePlan;
}

/** The plan that a stage's output was made from; undefined when there is no output. */
export async function readBuiltPlan(folder: string): Promise<StagePlanFile | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, BUILT_PLAN), 'utf8')) as StagePlanFile;
  } catch {
    return undefined;
  }
}

/**
 * Would a stage be built again, and why? Stages come after those they build on: a stage whose base
 * is built again may be too, and is not if the base comes out the same.
 *
 * @param built what each stage's output was made from
 */
export function explainStages(
  current: readonly StagePlanFile[],
  built: ReadonlyMap<string, StagePlanFile>,
): StageExplanation[] {
  const explained = new Map<string, StageExplanation>();
  return current.flatMap(({ stage, platforms }) =>
    platforms.map((plan) => {
      const before = built.get(stage)?.platforms.find(({ platform }) => platform === plan.platform);
      const differences = before ? explainDifference(before, plan) : [];
      const below = plan.stages.filter(
        (name) => explained.get(`${name} ${plan.platform}`)?.state === 'rebuild',
      );
      const explanation: StageExplanation = {
        stage,
        platform: plan.platform,
        state: stateOf(plan, before, differences, below),
        reasons: [
          ...(before ? [] : ['it was not built here yet']),
          ...differences.map(differenceText),
          ...below.map((name) => `${name}, which it builds on, is built again`),
        ],
        differences,
        notes: [
          ...plan.wholeContext.map(({ reason }) => `reads the whole context: ${reason}`),
          ...plan.uncacheable.map(({ reason }) => `is not cached: ${reason}`),
        ],
        plan,
      };
      explained.set(`${stage} ${plan.platform}`, explanation);
      return explanation;
    }),
  );
}

function stateOf(
  plan: StagePlan,
  before: StagePlan | undefined,
  differences: Difference[],
  below: string[],
): StageExplanation['state'] {
  if (!before) return 'unknown';
  const changed = differences.length > 0 || below.length > 0 || plan.uncacheable.length > 0;
  return changed ? 'rebuild' : 'hit';
}
