import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { stripVTControlCharacters } from 'node:util';
import { type NxTask, lastRun } from './nx-run';
import { workspaceRoot } from './workspace';

/** A failure that a user can act on: what happened, and what to do next. */
export class StepError extends Error {
  constructor(
    message: string,
    readonly hint: string,
    /** What to show below the line. */
    readonly log?: string,
  ) {
    super(message);
  }
}

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () =>
    controller.abort(new StepError('stopped by you', 'Run it again to go on')),
  );
}

/** Aborts on Ctrl-C; handed to everything that starts a process. */
export const signal: AbortSignal = controller.signal;

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Runs one long step; says what it does as it starts and how long it took as it ends.
 *
 * @param isGood of an action that does not throw where it failed
 */
export async function step<T>(
  title: string,
  action: (log: (line: string) => void) => Promise<T>,
  isGood: (result: T) => boolean = () => true,
): Promise<T> {
  const start = performance.now();
  const live = process.stdout.isTTY;
  let last = '';
  console.log(`▸ ${title}`);
  // A quiet terminal for minutes looks like a hang: say what goes on, rarely where nobody watches.
  const beat = setInterval(
    () => {
      if (live)
        process.stdout.write(
          `\r\x1b[2K  ${seconds(start)} ${last.slice(0, process.stdout.columns - 12)}`,
        );
      else console.log(`  … ${seconds(start)} ${last}`);
    },
    live ? 500 : 30_000,
  );
  try {
    const result = await action((line) => (last = stripVTControlCharacters(line).trim() || last));
    clearInterval(beat);
    if (live) process.stdout.write('\r\x1b[2K');
    console.log(`${isGood(result) ? '✓' : '✗'} ${title} (${seconds(start)})`);
    return result;
  } catch (error) {
    if (live) process.stdout.write('\r\x1b[2K');
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** Runs `main`; a failure is one line with its next step, then the log if there is one. */
export async function runSteps(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const { message, hint, log } = error as Partial<StepError>;
    const known = typeof hint === 'string';
    console.error(
      `✗ ${[message, known ? hint : 'This is a defect: please report it'].map(sentence).join(' ')}`,
    );
    if (log) console.error(log);
    if (!known || process.env['NX_VERBOSE_LOGGING']) console.error(error);
    process.exitCode = signal.aborted ? 130 : 1;
  }
}

const sentence = (text = '') => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Nx by itself; behind the cache server's edge where a remote cache is configured, so that it cannot stop the run. */
function nxCommand(): [file: string, ...args: string[]] {
  const { EXCEL2DOC_CACHE_UPSTREAM, NX_SELF_HOSTED_REMOTE_CACHE_SERVER } = process.env;
  if (!EXCEL2DOC_CACHE_UPSTREAM && !NX_SELF_HOSTED_REMOTE_CACHE_SERVER) return ['nx'];
  const edge = join(workspaceRoot, 'apps/cache-server/bin/excel2doc-cache.mjs');
  return [process.execPath, edge, 'edge', '--', 'nx'];
}

/** What the edge says of its upstream: a cache that does nothing should not go unnoticed. */
const edgeWarning = /^excel2doc-cache: .*/;

/** How a run of Nx ended. */
export interface NxResult {
  ok: boolean;
  /** All that was printed, without colours. */
  output: string;
  tasks: NxTask[];
}

/** Runs Nx targets with their output kept in tmp/logs/<name>.log. Does not judge how they ended. */
export async function runNx(
  name: string,
  args: string[],
  log: (line: string) => void,
  options: { workspace?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<NxResult> {
  const { workspace = workspaceRoot, env = process.env } = options;
  const folder = join(workspaceRoot, 'tmp', 'logs');
  mkdirSync(folder, { recursive: true });
  const file = createWriteStream(join(folder, `${name}.log`));
  const startMs = Date.now();
  // ESM only: tsx cannot load it with a static import from here.
  const { execa } = await import('execa');
  const [command, ...before] = nxCommand();
  const child = execa(command, [...before, ...args, '--output-style=stream'], {
    cwd: workspace,
    preferLocal: true,
    all: true,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
    forceKillAfterDelay: 20_000,
    extendEnv: false,
    // Nx's own terminal UI has no place in a captured log. Without its daemon Nx starts a process for
    // each plugin of a run, which costs more than the plugins do.
    env: { NX_ISOLATE_PLUGINS: 'false', ...env, NX_TUI: 'false', FORCE_COLOR: '0' },
  });
  child.all?.pipe(file);
  for await (const line of child.iterable({ from: 'all' })) {
    if (edgeWarning.test(line)) console.warn(`  ${line}`);
    else log(line);
  }
  const result = await child;
  if (signal.aborted) throw signal.reason;
  return {
    ok: !result.failed,
    output: stripVTControlCharacters(result.all),
    tasks: lastRun(workspace, startMs),
  };
}

/**
 * Runs Nx targets that must succeed.
 *
 * @returns Nx's whole output, without colours.
 * @throws StepError with the tasks that failed and the end of what they said
 */
export async function nx(
  name: string,
  args: string[],
  log: (line: string) => void,
  workspace = workspaceRoot,
): Promise<string> {
  const result = await runNx(name, args, log, { workspace });
  if (result.ok) return result.output;
  const failed = result.tasks.filter(({ status }) => status !== 0).map(({ taskId }) => taskId);
  throw new StepError(
    `${failed.join(', ') || name} failed`,
    `The end of the log follows; all of it is in tmp/logs/${name}.log`,
    endOf(result.output),
  );
}

/** The lines that matter when something failed: the last ones, less Nx's own statistics. */
export function endOf(output: string): string {
  const lines = output.trimEnd().split('\n');
  const statistics = lines.findLastIndex((line) => /^\s*Run duration:/.test(line));
  return lines
    .slice(0, statistics === -1 ? undefined : statistics)
    .join('\n')
    .trimEnd()
    .split('\n')
    .slice(-40)
    .join('\n');
}
