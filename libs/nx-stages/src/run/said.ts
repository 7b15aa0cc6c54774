import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runsFolder } from '@excel2doc/build-report';

/**
 * What a batch said of a task, for the record of the run: Nx keeps another text of a load, one that
 * holds whenever it is shown again.
 *
 * @param nxPid the process of Nx, which started the batch
 */
export function keepSaid(root: string, nxPid: number, taskId: string, text: string): void {
  const file = saidFile(root, nxPid, taskId);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What was kept of a task; undefined where nothing was. */
export function readSaid(root: string, nxPid: number, taskId: string): string | undefined {
  try {
    return readFileSync(saidFile(root, nxPid, taskId), 'utf8');
  } catch {
    return undefined;
  }
}

/** Removes what was kept of a run. */
export function removeSaid(root: string, nxPid: number): void {
  rmSync(saidFolder(root, nxPid), { recursive: true, force: true });
}

const saidFolder = (root: string, nxPid: number) =>
  join(dirname(runsFolder(root)), 'docker-said', String(nxPid));

function saidFile(root: string, nxPid: number, taskId: string): string {
  const name = createHash('sha256').update(taskId).digest('hex').slice(0, 16);
  return join(saidFolder(root, nxPid), name);
}
