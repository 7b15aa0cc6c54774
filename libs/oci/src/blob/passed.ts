import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const COLLECT_AFTER_BYTES = 8 << 20;

let sinceBytes = 0;
let collect: ((options: { type: 'minor' }) => void) | undefined;

/**
 * To be told of bytes that stream by. Their buffers hardly count for V8, which lets some 60 MB of them
 * pile up before it looks; so what is young is collected every few megabytes, in about a millisecond.
 */
export function passed(bytes: number): void {
  sinceBytes += bytes;
  if (sinceBytes < COLLECT_AFTER_BYTES) return;
  sinceBytes = 0;
  collect ??= collector();
  collect({ type: 'minor' });
}

/** Nx gives the processes of its tasks no flags of ours. */
function collector(): (options: { type: 'minor' }) => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as (options: { type: 'minor' }) => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
