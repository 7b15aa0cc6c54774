import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StagesError } from './fault';

/** What Nx tells a task about itself, which a run of Nx within the task must not take for its own. */
const OF_THE_TASK = /^NX_(?:TASK_|FORKED_|TERMINAL_|INVOKED_|STREAM_|PREFIX_|TUI)/;

/**
 * Runs a target of the workspace, its output shown, from within a task. Its standard input is empty:
 * Nx would take the keys, Ctrl-C among them, away from the task (as it does where the task names the
 * target in dependsOn: each forked task that has ended still reads its share of the keys).
 *
 * @param target `backend:compose-up`
 * @throws StagesError `COMMAND_FAILED`; nothing when `signal` ended it
 */
export async function runTarget(root: string, target: string, signal: AbortSignal): Promise<void> {
  const failed = await runNx(root, ['run', target], signal);
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
    const asked = ['run-many', `--targets=${target}`, `--projects=${projects.join(',')}`];
    if (await runNx(root, asked)) throw failedOf(`${target} of ${projects.join(', ')}`);
  }
}

async function runNx(root: string, args: string[], signal?: AbortSignal): Promise<boolean> {
  const manifest = createRequire(join(root, 'package.json')).resolve('nx/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { nx: string } };
  const { execa } = await import('execa');
  const { failed } = await execa(
    process.execPath,
    [join(dirname(manifest), bin.nx), ...args, '--outputStyle=static'],
    {
      cwd: root,
      env: Object.fromEntries(
        Object.entries(process.env).filter(([name]) => !OF_THE_TASK.test(name)),
      ),
      extendEnv: false,
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      reject: false,
      ...(signal && { cancelSignal: signal }),
    },
  );
  return failed;
}

const failedOf = (what: string) =>
  new StagesError('COMMAND_FAILED', {
    message: `${what} failed`,
    hint: 'Its output stands above',
  });
