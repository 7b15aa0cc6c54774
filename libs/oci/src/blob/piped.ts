import type { Readable, Transform } from 'node:stream';

/** `from` through `transform`: an error or an early end on either side reaches the other. */
export function piped(from: Readable, transform: Transform): Readable {
  from.on('error', (error) => transform.destroy(error));
  // It may fail before anybody reads from it; whoever then does is told.
  transform.on('error', () => undefined);
  transform.on('close', () => from.destroy());
  return from.pipe(transform);
}
