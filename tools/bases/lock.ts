import { join } from 'node:path';
import { type LockFile, readLock } from '@excel2doc/engine';
import { workspaceRoot } from '../workspace';

const file = 'docker/images.lock.json';

/**
 * The lock of this workspace, which is in git.
 *
 * @throws EngineError `LOCK_INVALID`; Error where it is not there
 */
export async function workspaceLock(): Promise<LockFile> {
  const lock = await readLock(join(workspaceRoot, file));
  if (!lock) throw new Error(`${file} is not there: take it back from git`);
  return lock;
}
