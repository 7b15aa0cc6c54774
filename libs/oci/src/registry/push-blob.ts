import type { BlobSource } from '../blob/source';
import type { Digest } from '../digest';
import { hasCode, OciError } from '../error';
import type { Answer } from './http';
import type { Repository } from './repository';

export interface PushBlobOptions {
  digest: Digest;
  sizeBytes: number;
  source: BlobSource;
  /** Another repository of the same registry that may have it. */
  mountFrom?: string | undefined;
}

/** How often an upload may be taken up again without a byte of progress. */
const STALLS = 5;

/**
 * Brings a blob into a repository, unless it is there: by mounting it, in one piece, or in pieces
 * that are taken up again where the registry says that it is.
 *
 * @returns how it came there
 * @see OCI distribution-spec v1.1, spec.md#pushing-blobs
 */
export async function pushBlob(
  repository: Repository,
  { digest, sizeBytes, source, mountFrom }: PushBlobOptions,
): Promise<'present' | 'mounted' | 'uploaded'> {
  if (await repository.has(digest)) return 'present';
  const query = mountFrom ? `?mount=${digest}&from=${encodeURIComponent(mountFrom)}` : '';
  const started = await repository.call('POST', `blobs/uploads/${query}`, {
    accept: [201, 202],
    headers: { 'content-length': '0' },
    ...(mountFrom && { mountFrom }),
  });
  await started.body.dump();
  if (started.status === 201) return 'mounted';
  await upload(repository, { digest, sizeBytes, source }, started);
  return 'uploaded';
}

async function upload(
  repository: Repository,
  blob: PushBlobOptions,
  started: Answer,
): Promise<void> {
  const { digest, sizeBytes, source } = blob;
  const minimum = Number(started.headers['oci-chunk-min-length'] ?? 0);
  const chunkBytes = Math.max(repository.chunkBytes, minimum);
  let location = locationOf(started);
  let furthest = 0;
  let stalls = 0;
  for (let offset = 0; ;) {
    try {
      for await (const chunk of chunksFrom(source, digest, offset, chunkBytes)) {
        const isLast = offset + chunk.length === sizeBytes;
        if (isLast && offset === 0) {
          await finish(repository, location, digest, chunk);
          return;
        }
        const answer = await repository.call('PATCH', location, {
          accept: [202, 416],
          body: chunk,
          headers: {
            'content-type': 'application/octet-stream',
            'content-range': `${offset}-${offset + chunk.length - 1}`,
          },
        });
        await answer.body.dump();
        if (answer.status === 416) throw new OutOfStep();
        location = locationOf(answer);
        offset += chunk.length;
      }
      await finish(repository, location, digest);
      return;
    } catch (error) {
      if (!(error instanceof OutOfStep) && !hasCode(error, 'REGISTRY')) throw error;
      stalls = offset > furthest ? 0 : stalls + 1;
      furthest = Math.max(furthest, offset);
      if (stalls >= STALLS) throw error;
      const status = await repository.call('GET', location, { accept: [204, 404] });
      await status.body.dump();
      if (status.status === 404) {
        // The upload is forgotten: from the start, under a new one.
        const again = await repository.call('POST', 'blobs/uploads/', {
          accept: [202],
          headers: { 'content-length': '0' },
        });
        await again.body.dump();
        location = locationOf(again);
        offset = 0;
      } else {
        location = locationOf(status, location);
        offset = receivedBytes(status);
      }
    }
  }
}

/** The registry holds another number of bytes than we thought. */
class OutOfStep extends Error {}

async function finish(repository: Repository, location: URL, digest: Digest, body?: Buffer) {
  const url = new URL(location);
  url.searchParams.append('digest', digest);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(body?.length ?? 0),
  };
  const answer = await repository.call('PUT', url, {
    accept: [201],
    headers,
    ...(body && { body }),
  });
  await answer.body.dump();
}

async function* chunksFrom(source: BlobSource, digest: Digest, offset: number, chunkBytes: number) {
  let skip = offset;
  let parts: Buffer[] = [];
  let held = 0;
  for await (const piece of (await source.open(digest)) as AsyncIterable<Buffer>) {
    let rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    while (rest.length > 0) {
      const taken = rest.subarray(0, chunkBytes - held);
      parts.push(taken);
      held += taken.length;
      rest = rest.subarray(taken.length);
      if (held < chunkBytes) continue;
      yield Buffer.concat(parts);
      parts = [];
      held = 0;
    }
  }
  if (held > 0) yield Buffer.concat(parts);
}

function locationOf(answer: Answer, otherwise?: URL): URL {
  const location = answer.headers['location'];
  if (location) return new URL(location, answer.url);
  if (otherwise) return otherwise;
  throw new OciError('REGISTRY', { message: `${answer.url.host} names no place for the upload` });
}

/** `Range: 0-99` means 100 bytes. */
function receivedBytes(answer: Answer): number {
  const match = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers['range'] ?? '');
  const last = Number(match?.[1] ?? 0);
  return last > 0 ? last + 1 : 0;
}
