import type { Readable } from 'node:stream';
import type { Digest } from '../digest';
import { OciError } from '../error';
import { readAll } from './verify';

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
