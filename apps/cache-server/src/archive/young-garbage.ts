import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collected after so many bytes of buffers. */
const everyBytes = 16 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
let bytes = 0;

/**
 * Says that buffers of so many bytes are not needed any more. The collector does not see what lies
 * outside its heap until 64 MB of it have piled up, in each thread; a young one goes in a fraction of
 * a millisecond.
 */
export function leaveBuffers(leftBytes: number): void {
  bytes += leftBytes;
  if (bytes < everyBytes) return;
  bytes = 0;
  collect({ type: 'minor' });
}
