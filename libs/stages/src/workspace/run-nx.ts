import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { holdSignals } from '@excel2doc/engine';
import { StagesError } from './fault';

const STATIC = '--outputStyle=static';

/** What Nx tells a task about itself, which a run of Nx within the task must not take for its own. */
const OF_THE_TASK = /^NX_(?:TASK_|FORKED_|TERMINAL_|INVOKED_|STREAM_|PREFIX_|TUI)/;

interface Output {
  all?: boolean;
  stdout?: 'inherit';
  stderr?: 'inherit';
}

/**
 * Runs a target of the workspace, its output shown, from within a task. Its standard input is empty:
 * Nx would take the keys, Ctrl-C among them, away from the task (as it does where the task names the
 * target in dependsOn: each forked task that has ended still reads its share of the keys).
 *
 * @param target `backend:compose-up`
 * @throws StagesError `COMMAND_FAILED`; nothing when `signal` ended it
 */
export async function runTarget(root: string, target: string, signal: AbortSignal): Promise<void> {
  const failed = await runNx(root, ['run', target, STATIC], signal);
  if (failed && !signal.aborted) throw failedOf(target);
}

/**
 * Runs targets of several projects, those of one name together.
 *
 * @param targets `backend:docker-runner`
 * @throws StagesError `COMMAND_FAILED`
 */
export async function runTargets(root: string, targets: readonly string[]): Promise<void> {
  const byTarget = new Map<string, string[]>();
  for (const each of new Set(targets)) {
    const at = each.lastIndexOf(':');
    const name = each.slice(at + 1);
    byTarget.set(name, [...(byTarget.get(name) ?? []), each.slice(0, at)]);
  }
  for (const [target, projects] of byTarget) {
    const asked = ['run-many', `--targets=${target}`, `--projects=${projects.join(',')}`, STATIC];
    if (await runNx(root, asked)) throw failedOf(`${target} of ${projects.join(', ')}`);
  }
}

/** What a run of Nx within a task said, and whether it failed; nothing of it is shown. */
export async function askNx(
  root: string,
  args: string[],
  signal?: AbortSignal,
): Promise<{ failed: boolean; said: string }> {
  const { failed, all = '' } = await startNx(root, args, { all: true, signal });
  return { failed, said: all };
}

/**
 * Runs Nx, its output shown.
 *
 * @returns whether it failed
 */
export async function runNx(root: string, args: string[], signal?: AbortSignal): Promise<boolean> {
  const shown = { stdout: 'inherit', stderr: 'inherit' } as const;
  return (await startNx(root, args, { ...shown, signal })).failed;
}

async function startNx(
  root: string,
  args: string[],
  { signal, ...output }: Output & { signal: AbortSignal | undefined },
): Promise<{ failed: boolean; all?: string | undefined }> {
  const manifest = createRequire(join(root, 'package.json')).resolve('nx/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { nx: string } };
  const { execa } = await import('execa');
  const { failed, all } = await holdSignals(() =>
    execa(process.execPath, [join(dirname(manifest), bin.nx), ...args], {
      cwd: root,
      env: Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !OF_THE_TASK.test(name)),
      ),
      extendEnv: false,
      stdin: 'ignore',
      ...output,
      reject: false,
      ...(signal && { cancelSignal: signal }),
    }),
  );
  return { failed, ...(typeof all === 'string' && { all }) };
}

const failedOf = (what: string) =>
  new StagesError('COMMAND_FAILED', {
    message: `${what} failed`,
    hint: 'Its output stands above',
  });
