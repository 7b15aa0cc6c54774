import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Storage, type Bucket, type FileMetadata } from '@google-cloud/storage';
import type { GcsConfig } from '../config/config';
import type { ObjectBucket, ObjectMetadata } from './object-bucket';

type Page = [{ name: string }[], object | null];

/** The client tries again for ten minutes where nobody says otherwise, and a run waits. */
const retryOptions = { maxRetries: 2, maxRetryDelay: 1, totalTimeout: 10 };

/**
 * Google Cloud Storage. Credentials come from Google's usual places (the environment, the machine).
 * A name that is taken stays as it is: generation 0 is "there is none".
 *
 * @see Cloud Storage, "Request preconditions"
 */
export class GcsBucket implements ObjectBucket {
  readonly #bucket: Bucket;

  constructor({ bucket, endpoint }: GcsConfig) {
    const storage = new Storage({ retryOptions, ...(endpoint ? { apiEndpoint: endpoint } : {}) });
    this.#bucket = storage.bucket(bucket);
  }

  async get(name: string): Promise<{ body: Readable; metadata: ObjectMetadata } | null> {
    const found = await this.#metadataOf(name);
    if (!found) return null;
    // Of just the object whose metadata this is; our own digest says more than its checksum.
    const options = found.generation === undefined ? {} : { generation: found.generation };
    const file = this.#bucket.file(name, options);
    const body = file.createReadStream({ validation: false, decompress: false });
    return { body, metadata: textsOf(found) };
  }

  async head(name: string): Promise<{ sizeBytes: number; metadata: ObjectMetadata } | null> {
    const found = await this.#metadataOf(name);
    return found && { sizeBytes: Number(found.size ?? 0), metadata: textsOf(found) };
  }

  async putNew(
    name: string,
    body: Readable,
    metadata: Record<string, string>,
  ): Promise<'stored' | 'exists'> {
    const file = this.#bucket.file(name, { preconditionOpts: { ifGenerationMatch: 0 } });
    const into = file.createWriteStream({
      resumable: true,
      metadata: { contentType: 'application/octet-stream', metadata },
      preconditionOpts: { ifGenerationMatch: 0 },
    });
    try {
      await pipeline(body, into);
      return 'stored';
    } catch (error) {
      if (statusOf(error) === 412) return 'exists';
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#bucket.file(name).delete({ ignoreNotFound: true });
  }

  async *names(prefix: string): AsyncIterable<string> {
    let query: object | null = { prefix, autoPaginate: false };
    while (query) {
      // Typed as three, of which the last is left out where pages are asked for one by one.
      const [files, next] = (await this.#bucket.getFiles(query)) as unknown as Page;
      for (const { name } of files) yield name;
      query = next;
    }
  }

  /** By listing: who may read and write objects may not see the bucket itself. */
  async check(): Promise<void> {
    await this.#bucket.getFiles({ maxResults: 1, autoPaginate: false });
  }

  async close(): Promise<void> {}

  async #metadataOf(name: string): Promise<FileMetadata | null> {
    try {
      const [metadata] = await this.#bucket.file(name).getMetadata();
      return metadata as FileMetadata;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw error;
    }
  }
}

function textsOf({ metadata = {} }: FileMetadata): ObjectMetadata {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name, value === null ? undefined : String(value)]), // prettier-ignore
  );
}

function statusOf(error: unknown): number | undefined {
  const { code, status } = error as { code?: unknown; status?: unknown };
  return Number(code) || Number(status) || undefined;
}
