import type { Readable } from 'node:stream';
import type { Digest } from '../digest';
import { hasCode, OciError } from '../error';
import type { BlobSource } from './source';
import type { BlobStore } from './store';
import { missing } from './verify';

export interface ChainOptions {
  /** What a remote source gives is kept here and read from here. */
  store?: BlobStore;
  /** Told in one line what was damaged or unreachable, and where. */
  report?: (line: string) => void;
}

/**
 * Asks each place in turn, skipping the ones that lack the blob or hold a damaged one.
 *
 * @throws OciError (from `open`) `BLOB_MISSING` when no place has it whole; `cause` is the last refusal
 */
export function sourceChain(
  sources: readonly BlobSource[],
  options: ChainOptions = {},
): BlobSource {
  const all = options.store ? [options.store, ...sources] : [...sources];
  const name = all.map((source) => source.name).join(', ') || 'no place';

  async function openFrom(source: BlobSource, digest: Digest): Promise<Readable> {
    if (!source.remote || !options.store) return source.open(digest);
    await options.store.put(await source.open(digest), digest);
    return options.store.open(digest);
  }

  return {
    name,
    remote: false,
    async has(digest) {
      for (const source of all) if (await source.has(digest)) return true;
      return false;
    },
    async open(digest) {
      let cause: unknown;
      for (const source of all) {
        try {
          return await openFrom(source, digest);
        } catch (error) {
          if (hasCode(error, 'BLOB_MISSING')) continue;
          cause = error;
          const message =
            error instanceof OciError ? error.message : `${source.name}: ${String(error)}`;
          options.report?.(message);
        }
      }
      if (cause === undefined) throw missing(digest, name);
      throw new OciError('BLOB_MISSING', {
        message: `blob ${digest} is whole in none of: ${name}`,
        hint: 'build its stage again without the cache',
        digest,
        cause,
      });
    },
  };
}
