import type { BlobSource } from '../blob/source';
import type { ImageRecord } from '../layout/record';
import type { RemoteCache } from './remote-cache';

const ASKED_AT_ONCE = 8;

/**
 * Brings the layers that a stage itself holds into the remote cache, each that is not there yet.
 *
 * @returns how many bytes were sent
 * @throws OciError `REMOTE_CACHE`
 */
export async function sendOwnLayers(
  cache: RemoteCache,
  record: ImageRecord,
  source: BlobSource,
): Promise<number> {
  const own = record.layers.filter(({ from }) => from === 'self');
  let sentBytes = 0;
  for (let at = 0; at < own.length; at += ASKED_AT_ONCE) {
    const some = own.slice(at, at + ASKED_AT_ONCE);
    const have = await Promise.all(some.map(({ digest }) => cache.has(digest)));
    for (const { digest, sizeBytes } of some.filter((_, at) => !have[at])) {
      const how = await cache.put(digest, sizeBytes, await source.open(digest));
      if (how === 'stored') sentBytes += sizeBytes;
    }
  }
  return sentBytes;
}
