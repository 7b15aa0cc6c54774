import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Digest, Hasher } from '../digest';
import { OciError } from '../error';

/**
 * Passes bytes on and ends only if they are `digest`'s: a reader that sees the end has seen the blob.
 *
 * @throws OciError `BLOB_DAMAGED` as the stream's error
 */
export function verifying(digest: Digest, place: string): Transform {
  const hasher = new Hasher();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hasher.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const found = hasher.digest();
      done(found === digest ? null : damaged(digest, found, place));
    },
  });
}

/** Hashes a file. */
export async function fileDigest(path: string): Promise<Digest> {
  const hasher = new Hasher();
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), async (chunks) => {
    for await (const chunk of chunks as AsyncIterable<Buffer>) hasher.update(chunk);
  });
  return hasher.digest();
}

export function damaged(expected: Digest, found: Digest, place: string): OciError {
  return new OciError('BLOB_DAMAGED', {
    message: `blob ${expected} in ${place} is damaged`,
    hint: `its content is ${found}; it is fetched from the next place, or its stage is built again`,
    digest: expected,
    expected,
    found,
  });
}

export function missing(digest: Digest, place: string): OciError {
  return new OciError('BLOB_MISSING', { message: `blob ${digest} is not in ${place}`, digest });
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
