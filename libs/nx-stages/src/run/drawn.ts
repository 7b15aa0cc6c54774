import type { TaskGraph } from '@nx/devkit';
import { isCI } from 'nx/src/utils/is-ci';

/** Styles in which Nx writes line below line. */
const WRITTEN = ['static', 'stream', 'stream-without-prefixes'];

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
  argv: readonly string[] = process.argv,
  env: NodeJS.ProcessEnv = process.env,
  isTerminal: boolean = process.stdout.isTTY === true && !isCI(),
): boolean {
  if (!isTerminal || WRITTEN.includes(outputStyle(argv, env) ?? '')) return false;
  if (env['NX_BATCH_MODE'] === 'true' || env['NX_VERBOSE_LOGGING'] === 'true') return false;
  if (env['NX_TASKS_RUNNER_DYNAMIC_OUTPUT'] === 'false') return false;
  const projects = new Set(Object.values(tasks).map(({ target }) => target.project));
  return projects.size > 1 || argv.includes('run-many') || argv.includes('affected');
}

function outputStyle(argv: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const at = argv.findIndex((word) => /^--output-?style(?:=|$)/i.test(word));
  if (at === -1) return env['NX_DEFAULT_OUTPUT_STYLE'];
  return /=(.*)$/.exec(argv[at]!)?.[1] ?? argv[at + 1];
}
