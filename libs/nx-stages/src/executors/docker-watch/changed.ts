import { posix } from 'node:path';
import { type Difference, differenceText, explainDifference } from '@excel2doc/dockerfile';
import type { KeyedPlan } from '@excel2doc/stages';

/** Files are named while they are so few. */
const FEW = 2;

/**
 * What of an image's plans is another than before, for a person: its files, relative to the workspace,
 * or how many; else what else it is.
 *
 * @param context of the build, relative to the workspace
 * @returns undefined where nothing is, or nothing was before
 */
export function changedText(
  before: readonly KeyedPlan[] | undefined,
  after: readonly KeyedPlan[],
  context: string,
): string | undefined {
  if (!before) return undefined;
  const differences = differencesOf(before, after);
  const files = new Set(
    differences.flatMap((each) => (each.kind === 'file' ? posix.join(context, each.path) : [])),
  );
  const others = new Set(
    differences.flatMap((each) => (each.kind === 'file' ? [] : differenceText(each))),
  );
  const [first, ...more] = others;
  const names = files.size <= FEW ? [...files] : [`${files.size} files`];
  const rest = first === undefined ? [] : [more.length > 0 ? `${first}, …` : first];
  const text = [...names, ...rest].join(', ');
  return text === '' ? undefined : text;
}

function differencesOf(before: readonly KeyedPlan[], after: readonly KeyedPlan[]): Difference[] {
  const was = new Map(before.map((plan) => [plan.stage, plan]));
  return after.flatMap(({ stage, platforms }) =>
    platforms.flatMap((plan) => {
      const old = was.get(stage)?.platforms.find(({ platform }) => platform === plan.platform);
      if (!old) return [{ kind: 'stage', stage, change: 'added' } satisfies Difference];
      return explainDifference(old, plan);
    }),
  );
}
