import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

/** Cases that once differed, one a line: each run tries them first. */
const file = join(__dirname, 'kept-cases.jsonl');

interface Kept {
  test: string;
  case: unknown;
}

/** The cases of a test that were kept. */
export function keptCases<T>(test: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines
    .map((line) => JSON.parse(line) as Kept)
    .filter((kept) => kept.test === test)
    .map((kept) => kept.case as T);
}

/**
 * The smallest case that fast-check finds to differ as the one drawn at `index` does, kept for every
 * later run.
 *
 * @param found the case that was drawn there
 * @param differs asked for one case after the other
 */
export function shrunk<T>(
  test: string,
  drawn: { arbitrary: fc.Arbitrary<T>; seed: number; index: number; found: T },
  differs: (each: T) => boolean,
): T {
  let first: T | undefined;
  const isSame = (each: T) => {
    first ??= each;
    return !differs(each);
  };
  const { counterexample } = fc.check(fc.property(drawn.arbitrary, isSame), {
    seed: drawn.seed,
    path: String(drawn.index),
    numRuns: 1,
    interruptAfterTimeLimit: 60_000,
  });
  // Where it does not come out as it was drawn, it is kept as it is.
  const isReplayed = JSON.stringify(first) === JSON.stringify(drawn.found);
  const smallest = isReplayed ? (counterexample?.[0] ?? drawn.found) : drawn.found;
  const line = JSON.stringify({ test, case: smallest } satisfies Kept);
  const isKept = keptCases(test).some((each) => JSON.stringify(each) === JSON.stringify(smallest));
  if (!isKept) appendFileSync(file, `${line}\n`);
  return smallest;
}
