import { Readable } from 'node:stream';
import type { Digest } from '../digest';
import type { BlobSource } from './source';
import { missing } from './verify';

/** Small documents that were made here, by their digests. */
export function inMemory(blobs: ReadonlyMap<Digest, Buffer>): BlobSource {
  return {
    name: 'memory',
    remote: false,
    has: async (digest) => blobs.has(digest),
    open: async (digest) => {
      const bytes = blobs.get(digest);
      if (bytes === undefined) throw missing(digest, 'memory');
      return Readable.from([bytes]);
    },
  };
}
