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
  const manifest = createRequire(join(root, 'package.json')).resolve('nx/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { nx: string } };
  const { execa } = await import('execa');
  const { failed } = await execa(
    process.execPath,
    [join(dirname(manifest), bin.nx), 'run', target, '--outputStyle=static'],
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
      cancelSignal: signal,
    },
  );
  if (!failed || signal.aborted) return;
  throw new StagesError('COMMAND_FAILED', {
    message: `${target} failed`,
    hint: 'Its output stands above',
  });
}
