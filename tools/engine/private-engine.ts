import { type Engine, EngineError, locateEngine } from '@excel2doc/engine';
import { answers, runningPid, startDaemon, stopDaemon } from './daemon';
import { type EngineFolder, engineFolder } from './folder';
import { detectHost } from './host';
import { withLock } from './lock';
import { deleteTrees, isThere } from './tree';
import { unpackEngine } from './unpack';

type Log = (line: string) => void;

/** This repository's services run by Compose, which Podman does not do. */
const docker = { choice: 'docker' } as const;

/**
 * The Docker that answers; where none does, the private one, unpacked and started first.
 *
 * @throws EngineError `UNSUPPORTED_HOST`, `NO_ROOT`, `NO_MIRROR`, `DISK_FULL`, `DAEMON_FAILED`, and
 *   what `locateEngine` refuses
 */
export async function ensureEngine(options: { log: Log }): Promise<Engine> {
  try {
    return await locateEngine(docker);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'NO_ENGINE') throw error;
  }
  await startPrivateEngine(options);
  return locateEngine(docker);
}

/** Unpacks the private engine where that is not done yet, and starts it where it does not run. */
export async function startPrivateEngine({ log }: { log: Log }): Promise<void> {
  const host = await detectHost();
  const at = engineFolder();
  await locked(at, log, async () => {
    if (!(await isThere(at.root))) {
      await timed(log, 'Private engine unpacked', () => unpackEngine(at, host, log));
    }
    if ((await runningPid(at)) !== undefined && (await answers(at.socket))) return;
    await stopDaemon(at, host.asRoot);
    await timed(log, 'Private engine started', () => startDaemon(at, host.asRoot));
  });
}

/** Stops the private engine and its containers; images and volumes stay. False if none ran. */
export async function stopPrivateEngine(
  { log }: { log: Log } = { log: () => undefined },
): Promise<boolean> {
  const at = engineFolder();
  if ((await runningPid(at)) === undefined) return false;
  const { asRoot } = await detectHost();
  return locked(at, log, () => stopDaemon(at, asRoot));
}

/** Stops the private engine and deletes it: programs, images, containers and volumes. */
export async function removePrivateEngine({ log }: { log: Log }): Promise<void> {
  const at = engineFolder();
  if (!(await isThere(at.folder))) return;
  const { asRoot } = await detectHost();
  await locked(at, log, async () => {
    await stopDaemon(at, asRoot);
    await deleteTrees([at.run, at.folder], asRoot);
  });
}

export type PrivateEngineState =
  | { state: 'absent' | 'stopped'; folder: string }
  | { state: 'running'; folder: string; pid: number; socket: string };

export async function privateEngineState(): Promise<PrivateEngineState> {
  const at = engineFolder();
  const pid = await runningPid(at);
  if (pid !== undefined) return { state: 'running', folder: at.folder, pid, socket: at.socket };
  return { state: (await isThere(at.root)) ? 'stopped' : 'absent', folder: at.folder };
}

function locked<T>(at: EngineFolder, log: Log, work: () => Promise<T>): Promise<T> {
  return withLock(at.folder, work, (pid) =>
    log(
      `Another start or stop of the private engine is under way (process ${pid}); waiting for it`,
    ),
  );
}

async function timed<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  log(`${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}
