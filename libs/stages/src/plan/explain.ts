import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Difference,
  type StagePlan,
  differenceText,
  explainDifference,
} from '@excel2doc/dockerfile';
import type { StageSecret } from '../secrets/state';
import type { KeyedPlan } from './make';

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
export async function readBuiltPlan(folder: string): Promise<KeyedPlan | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, BUILT_PLAN), 'utf8')) as KeyedPlan;
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
  current: readonly KeyedPlan[],
  built: ReadonlyMap<string, KeyedPlan>,
): StageExplanation[] {
  const explained = new Map<string, StageExplanation>();
  return current.flatMap((file) =>
    file.platforms.map((plan) => {
      const { stage } = file;
      const last = built.get(stage);
      const before = last?.platforms.find(({ platform }) => platform === plan.platform);
      const made = last && before ? madeOtherwise(last, file) : [];
      const differences = before ? explainDifference(before, plan) : [];
      const below = plan.stages.filter(
        (name) => explained.get(`${name} ${plan.platform}`)?.state === 'rebuild',
      );
      const changes = [
        ...made,
        ...differences.map(differenceText),
        ...below.map((name) => `${name}, which it builds on, is built again`),
      ];
      const explanation: StageExplanation = {
        stage,
        platform: plan.platform,
        state: before ? stateOf(plan, changes) : 'unknown',
        reasons: before ? changes : ['it was not built here yet'],
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

/** What was different about the making, whatever the stage reads. */
function madeOtherwise(last: KeyedPlan, now: KeyedPlan): string[] {
  const made: string[] = [];
  if (last.imageFormat !== now.imageFormat) made.push('made by another version of the plugin');
  const [before, after] = [last, now].map(compressionText);
  if (before !== after) made.push(`its layers were compressed with ${before}, now it is ${after}`);
  if (last.layering !== now.layering)
    made.push(
      `its layers were one a ${last.layering ?? 'COPY'}, now one a ${now.layering ?? 'COPY'}`,
    );
  else if (last.packageFormat !== now.packageFormat)
    made.push('its packages are gathered in other layers');
  if (last.fresh !== now.fresh)
    made.push(`its RUN steps are made anew: ${now.fresh ?? 'not said any more'}`);
  made.push(...secretChanges(last.secrets, now.secrets));
  if (last.builder !== now.builder) made.push(`built by ${engineName(last)} before`);
  return made;
}

function secretChanges(before: readonly StageSecret[] = [], after: readonly StageSecret[] = []) {
  const text = (list: readonly StageSecret[], { kind, id }: StageSecret) => {
    const found = list.find((each) => each.kind === kind && each.id === id);
    if (!found) return 'not mounted';
    return found.given ? ['given', found.version].filter(Boolean).join(', version ') : 'not given';
  };
  const all = new Map([...before, ...after].map((each) => [`${each.kind} ${each.id}`, each]));
  return [...all].flatMap(([name, each]) => {
    const [old, now] = [text(before, each), text(after, each)];
    return old === now ? [] : `${name}: ${old} -> ${now}`;
  });
}

function compressionText({ compression }: KeyedPlan): string {
  return compression ? `${compression.kind} ${compression.version}` : 'gzip';
}

function engineName({ builder }: KeyedPlan): string {
  return builder === 'podman' ? 'Podman' : 'BuildKit';
}

function stateOf({ uncacheable }: StagePlan, changes: string[]): StageExplanation['state'] {
  return changes.length > 0 || uncacheable.length > 0 ? 'rebuild' : 'hit';
}
