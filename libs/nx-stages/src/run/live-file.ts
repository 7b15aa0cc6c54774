import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, dirname } from 'node:path';
import { runsFolder } from '@excel2doc/build-report';

/** Of a task, that its own output is shown as it comes: there is nothing better. */
export const OWN_OUTPUT = 'own output';

/**
 * Names, for the process of a task, where Nx's process takes what is to be seen at once: a socket, or
 * `OWN_OUTPUT`. Both know the task's key and, through a terminal, nothing else of each other.
 */
export function liveFile(root: string, taskId: string, key: string): string {
  const name = createHash('sha256')
    .update(JSON.stringify([taskId, key]))
    .digest('hex');
  return join(dirname(runsFolder(root)), 'docker-live', name.slice(0, 16));
}

/** Begins the name of the folder that a socket lies in. */
export const SOCKET_FOLDER = 'nx-stages-live-';

/** What is written there: who offers it, and where. */
export const offerText = (address: string) => `${process.pid} ${address}`;

/** Undefined where there is none, or it is not written whole yet. */
export function readOffer(file: string): { pid: number; address: string } | undefined {
  try {
    const [, pid, address] = /^(\d+) (.+)$/s.exec(readFileSync(file, 'utf8')) ?? [];
    return pid && address ? { pid: Number(pid), address } : undefined;
  } catch {
    return undefined;
  }
}

/** Takes away what processes that were killed have left. */
export function sweepOffers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const offer = readOffer(file);
    if (!offer || isRunning(offer.pid)) continue;
    rmSync(file, { force: true });
    const place = dirname(offer.address);
    if (basename(place).startsWith(SOCKET_FOLDER)) rmSync(place, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
