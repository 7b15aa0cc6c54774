import { PassThrough, type Writable } from 'node:stream';
import { runChild } from '../client/child';

/** Unpacks the tar that is written to `sink` into `dir`; `done` when all of it is there. */
export function unpackTar(dir: string): { sink: Writable; done: Promise<void> } {
  const sink = new PassThrough();
  const done = runChild('tar', 'tar', ['--extract', '--file', '-', '--directory', dir], {
    input: sink,
    baseEnv: process.env,
  }).then(() => undefined);
  return { sink, done };
}
