import type { TaskGraph } from '@nx/devkit';
import { isCI } from 'nx/src/utils/is-ci';
import { nxVersion } from 'nx/src/utils/versions';

/** Styles in which Nx writes line below line. */
const WRITTEN = ['static', 'stream', 'stream-without-prefixes'];

/** What Nx was told, and where its output goes. */
interface Run {
  argv?: readonly string[];
  env?: NodeJS.ProcessEnv;
  isTerminal?: boolean;
}

const atTerminal = () => process.stdout.isTTY === true && !isCI();

/**
 * Whether Nx draws over and over what runs, in a terminal, as it does without its terminal UI: it would
 * draw over what somebody else prints. For the tasks of the one project that was asked for it does not.
 *
 * Nx has no word for it that a hasher is told.
 *
 * @see nx/src/tasks-runner/run-command.js, shouldUseDynamicLifeCycle
 */
export function isDrawn(
  { tasks }: Pick<TaskGraph, 'tasks'>,
  { argv = process.argv, env = process.env, isTerminal = atTerminal() }: Run = {},
): boolean {
  if (!isTerminal || WRITTEN.includes(outputStyle(argv, env) ?? '')) return false;
  if (env['NX_BATCH_MODE'] === 'true' || env['NX_VERBOSE_LOGGING'] === 'true') return false;
  if (env['NX_TASKS_RUNNER_DYNAMIC_OUTPUT'] === 'false') return false;
  const projects = new Set(Object.values(tasks).map(({ target }) => target.project));
  return projects.size > 1 || runsMany(argv);
}

/**
 * Whether Nx shows nothing of what a task prints that does well: of several, a line each. Nx 22 did so in
 * a terminal only.
 */
export function isHeldBack({
  argv = process.argv,
  env = process.env,
  isTerminal = atTerminal(),
  version = nxVersion,
}: Run & { version?: string } = {}): boolean {
  if (!runsMany(argv) || WRITTEN.includes(outputStyle(argv, env) ?? '')) return false;
  if (env['NX_VERBOSE_LOGGING'] === 'true') return false;
  return isTerminal || Number.parseInt(version) >= 23;
}

const runsMany = (argv: readonly string[]) =>
  argv.includes('run-many') || argv.includes('affected');

function outputStyle(argv: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const at = argv.findIndex((word) => /^--output-?style(?:=|$)/i.test(word));
  if (at === -1) return env['NX_DEFAULT_OUTPUT_STYLE'];
  return /=(.*)$/.exec(argv[at]!)?.[1] ?? argv[at + 1];
}
