import { StepError } from '../steps';

/**
 * A whole number that the environment sets.
 *
 * @param text what it says, undefined where it says nothing
 * @throws StepError where it is none, or out of bounds
 */
export function numberOf(
  name: string,
  text: string | undefined,
  { byDefault, least = 1, most }: { byDefault: number; least?: number; most?: number },
): number {
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= (most ?? Infinity)) return value;
  const bounds = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new StepError(
    `${name} is "${text}", which is no whole number ${bounds}`,
    `Leave it out for ${byDefault}`,
  );
}

/**
 * Those of `all` that the environment names, by commas; all where it says nothing.
 *
 * @throws StepError where it names another
 */
export function partsOf<T extends string>(text: string | undefined, all: readonly T[]): T[] {
  if (text === undefined) return [...all];
  const named = text.split(',');
  const unknown = named.find((each) => !all.includes(each as T));
  if (unknown === undefined) return all.filter((each) => named.includes(each));
  throw new StepError(
    `BENCH_PARTS names "${unknown}", which is no part of this benchmark`,
    `There are ${all.join(', ')}`,
  );
}

/** What `read` makes of the environment; ends the process with one line where that is not possible. */
export function setting<T>(read: (env: NodeJS.ProcessEnv) => T): T {
  try {
    return read(process.env);
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`✗ ${error.message}. ${error.hint}.`);
    process.exit(1);
  }
}

/** BENCH_ROUNDS, read before any work. */
export const roundsSet = (byDefault: number, most?: number): number =>
  setting(({ BENCH_ROUNDS }) =>
    numberOf('BENCH_ROUNDS', BENCH_ROUNDS, { byDefault, ...(most !== undefined && { most }) }),
  );
