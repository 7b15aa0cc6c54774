import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { S3Config } from '../config/config';
import type { ObjectBucket, ObjectMetadata } from './object-bucket';

const partBytes = 8 * 1024 * 1024;

/**
 * Any S3-compatible store. Credentials come from the AWS SDK's usual places. A key that is taken
 * stays as it is, by a conditional write.
 *
 * @see Amazon S3 User Guide, "How to prevent object overwrites with conditional writes"
 */
export class S3Bucket implements ObjectBucket {
  readonly #client: S3Client;

  constructor(readonly config: S3Config) {
    const { endpoint, region, forcePathStyle } = config;
    this.#client = new S3Client({ ...(endpoint ? { endpoint } : {}), region, forcePathStyle });
  }

  async get(name: string): Promise<{ body: Readable; metadata: ObjectMetadata } | null> {
    const object = await this.#client.send(new GetObjectCommand(this.#at(name))).catch(nullIfAbsent); // prettier-ignore
    return object && { body: object.Body as Readable, metadata: object.Metadata ?? {} };
  }

  async head(name: string): Promise<{ sizeBytes: number; metadata: ObjectMetadata } | null> {
    const object = await this.#client.send(new HeadObjectCommand(this.#at(name))).catch(nullIfAbsent); // prettier-ignore
    return object && { sizeBytes: object.ContentLength ?? 0, metadata: object.Metadata ?? {} };
  }

  async putNew(
    name: string,
    body: Readable,
    metadata: Record<string, string>,
  ): Promise<'stored' | 'exists'> {
    const upload = new Upload({
      client: this.#client,
      partSize: partBytes,
      queueSize: 2,
      params: {
        ...this.#at(name),
        Body: body,
        ContentType: 'application/octet-stream',
        IfNoneMatch: '*',
        Metadata: metadata,
      },
    });
    try {
      await upload.done();
      return 'stored';
    } catch (error) {
      if (statusOf(error) === 412 || statusOf(error) === 409) return 'exists';
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(name)));
  }

  async *names(prefix: string): AsyncIterable<string> {
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.config.bucket,
          Prefix: prefix,
          ContinuationToken: token,
        }),
      );
      for (const { Key } of page.Contents ?? []) yield Key!;
      token = page.NextContinuationToken;
    } while (token);
  }

  async check(): Promise<void> {
    await this.#client.send(new HeadBucketCommand({ Bucket: this.config.bucket }));
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.config.bucket, Key: name };
  }
}

function nullIfAbsent(error: unknown): null {
  if (statusOf(error) === 404) return null;
  throw error;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
