/** What a spec needs, which its name says: the target that runs it follows from that. */
export interface TestClass {
  /** Globs, relative to the project. */
  include: string[];
  exclude: string[];
  /** In milliseconds. Machines are busy: slow is not wrong, never is. */
  testTimeout: number;
  hookTimeout: number;
}

const MINUTE = 60_000;
const LONG = ['**/*.long.spec.ts', '**/*.long.e2e.ts', '**/*.attack.spec.ts'];
const ENGINE = ['**/*.engine.spec.ts'];

/**
 * The classes by the mode that Vitest is started with: `vitest run --mode engine`.
 *
 * - `unit`: no engine, no browser, no network but loopback
 * - `engine`: a container engine, or programs that are fetched first
 * - `e2e`: the whole thing, as its users have it
 * - `long`: fuzzing, crashes, attacks, memory, other people's files: what takes over a minute
 */
export const CLASSES: Record<string, TestClass> = {
  unit: {
    include: ['**/*.spec.ts'],
    exclude: [...LONG, ...ENGINE],
    testTimeout: 2 * MINUTE,
    hookTimeout: 2 * MINUTE,
  },
  engine: { include: ENGINE, exclude: [], testTimeout: 2 * MINUTE, hookTimeout: 2 * MINUTE },
  e2e: {
    include: ['**/*.e2e.ts'],
    exclude: LONG,
    testTimeout: 20 * MINUTE,
    hookTimeout: 30 * MINUTE,
  },
  long: { include: LONG, exclude: [], testTimeout: 20 * MINUTE, hookTimeout: 60 * MINUTE },
};

/** Without a mode whatever is named on the command line runs. */
export const ANY_CLASS: TestClass = {
  include: ['**/*.spec.ts', '**/*.e2e.ts'],
  exclude: [],
  testTimeout: 20 * MINUTE,
  hookTimeout: 30 * MINUTE,
};
