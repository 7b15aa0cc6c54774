import type { Readable } from 'node:stream';
import { BlobServiceClient, RestError, type ContainerClient } from '@azure/storage-blob';
import type { AzureConfig } from '../config/config';
import type { ObjectBucket, ObjectMetadata } from './object-bucket';

const partBytes = 8 * 1024 * 1024;
/** A run waits meanwhile. */
const retryOptions = { maxTries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 };

/**
 * A container of Azure Blob Storage. Its account, with a key or a shared access signature, comes from
 * the environment. A name that is taken stays as it is, by a conditional write.
 *
 * @see Azure Storage, "Specifying conditional headers for Blob service operations"
 */
export class AzureBucket implements ObjectBucket {
  readonly #container: ContainerClient;

  /** @throws when that is no connection string */
  constructor({ container }: AzureConfig, connection: string) {
    const service = BlobServiceClient.fromConnectionString(connection, { retryOptions });
    this.#container = service.getContainerClient(container);
  }

  async get(name: string): Promise<{ body: Readable; metadata: ObjectMetadata } | null> {
    const found = await this.#container.getBlobClient(name).download().catch(nullIfAbsent);
    if (!found) return null;
    return { body: found.readableStreamBody as Readable, metadata: found.metadata ?? {} };
  }

  async head(name: string): Promise<{ sizeBytes: number; metadata: ObjectMetadata } | null> {
    const found = await this.#container.getBlobClient(name).getProperties().catch(nullIfAbsent);
    return found && { sizeBytes: found.contentLength ?? 0, metadata: found.metadata ?? {} };
  }

  async putNew(
    name: string,
    body: Readable,
    metadata: Record<string, string>,
  ): Promise<'stored' | 'exists'> {
    try {
      await this.#container.getBlockBlobClient(name).uploadStream(body, partBytes, 2, {
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: 'application/octet-stream' },
        metadata,
      });
      return 'stored';
    } catch (error) {
      if (statusOf(error) === 409 || statusOf(error) === 412) return 'exists';
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#container.getBlobClient(name).deleteIfExists();
  }

  async *names(prefix: string): AsyncIterable<string> {
    for await (const { name } of this.#container.listBlobsFlat({ prefix })) yield name;
  }

  /** By listing: a shared access signature may say nothing of the container itself. */
  async check(): Promise<void> {
    await this.#container.listBlobsFlat().byPage({ maxPageSize: 1 }).next();
  }

  async close(): Promise<void> {}
}

function nullIfAbsent(error: unknown): null {
  if (statusOf(error) === 404) return null;
  throw error;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof RestError ? error.statusCode : undefined;
}
