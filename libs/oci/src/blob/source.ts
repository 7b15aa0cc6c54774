import type { Readable } from 'node:stream';
import type { Digest } from '../digest';
import { hasCode, OciError } from '../error';
import type { BlobStore } from './store';
import { missing, readAll } from './verify';

/** A place that blobs come from: a store, a layout, a registry. */
export interface BlobSource {
  /** Shown in messages: a folder, or a repository. */
  readonly name: string;
  /** Reading costs network: worth keeping what was read. */
  readonly remote: boolean;
  has(digest: Digest): Promise<boolean>;
  /**
   * The blob, verified: a local source checks it before the first byte is given, a remote one
   * makes the stream fail instead of end.
   *
   * @throws OciError `BLOB_MISSING`, `BLOB_DAMAGED`
   */
  open(digest: Digest): Promise<Readable>;
}

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

/** A small blob as a whole: a manifest, a config. */
export async function readBlob(source: BlobSource, digest: Digest): Promise<Buffer> {
  return readAll(await source.open(digest));
}

/**
 * A JSON document by its digest.
 *
 * @throws OciError `BAD_DOCUMENT`
 */
export async function readJsonBlob<T>(source: BlobSource, digest: Digest): Promise<T> {
  const bytes = await readBlob(source, digest);
  try {
    return JSON.parse(bytes.toString('utf8')) as T;
  } catch (cause) {
    throw new OciError('BAD_DOCUMENT', { message: `blob ${digest} is no JSON`, digest, cause });
  }
}
