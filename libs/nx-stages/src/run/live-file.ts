import { createHash } from 'node:crypto';
import { join, dirname } from 'node:path';
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
