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
import { z } from 'zod';
import type { S3Config } from '../config/config';
import { CacheError } from '../error';
import { isHash, isScopeName, keyText, type EntryKey } from '../entry-key';
import type { Spool, SpoolRules } from '../upload/spool';
import type { Fetched, Remote } from './remote';
import type { EntryRecord } from './store';

const partBytes = 8 * 1024 * 1024;

const metadataSchema = z.object({
  sha256: z.string(),
  created: z.coerce.number(),
  writer: z.string().transform(decodeURIComponent),
  signature: z.string().optional(),
  outputs: z
    .string()
    .transform((text) => z.array(z.string()).parse(JSON.parse(decodeURIComponent(text)))),
});

/**
 * Entries as objects `<prefix><scope>/<hash>` of any S3-compatible store. Credentials come from the
 * AWS SDK's usual places. A key that is taken stays as it is, by a conditional write.
 *
 * @see Amazon S3 User Guide, "How to prevent object overwrites with conditional writes"
 */
export class S3Remote implements Remote {
  readonly #client: S3Client;

  constructor(
    readonly config: S3Config,
    readonly spool: Spool,
    readonly spoolRules: SpoolRules,
    readonly onDamaged: (key: EntryKey) => void,
  ) {
    const { endpoint, region, forcePathStyle } = config;
    this.#client = new S3Client({ ...(endpoint ? { endpoint } : {}), region, forcePathStyle });
  }

  async fetch(key: EntryKey): Promise<Fetched | null> {
    const object = await this.#client.send(new GetObjectCommand(this.#at(key))).catch(nullIfAbsent);
    if (!object) return null;
    const body = object.Body as Readable;
    const metadata = metadataSchema.safeParse(object.Metadata);
    if (!metadata.success) {
      body.destroy();
      this.onDamaged(key);
      return null;
    }
    const spooled = await this.spool.receive(body, this.spoolRules).catch((error: unknown) => {
      if (!(error instanceof CacheError) || error.code !== 'ARCHIVE_REFUSED') throw error;
      return null;
    });
    if (spooled?.receivedSha256 === metadata.data.sha256) {
      const { sizeBytes, sha256 } = spooled;
      return { spooled, record: { ...recordOf(metadata.data, sizeBytes), sha256 } };
    }
    await spooled?.discard();
    this.onDamaged(key);
    return null;
  }

  async send(
    key: EntryKey,
    body: () => Readable,
    record: EntryRecord,
  ): Promise<'stored' | 'exists'> {
    const upload = new Upload({
      client: this.#client,
      partSize: partBytes,
      queueSize: 2,
      params: {
        ...this.#at(key),
        Body: body(),
        ContentType: 'application/gzip',
        IfNoneMatch: '*',
        Metadata: {
          sha256: record.sha256,
          created: String(record.createdAtMs),
          ...(record.signature === undefined ? {} : { signature: record.signature }),
          writer: encodeURIComponent(record.writer.slice(0, 128)),
          outputs: encodeURIComponent(JSON.stringify(shortOutputs(record.outputs))),
        },
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

  async remove(key: EntryKey): Promise<void> {
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }

  async *keys(): AsyncIterable<EntryKey> {
    const { bucket, prefix } = this.config;
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      );
      for (const { Key } of page.Contents ?? []) {
        const [scope = '', hash = '', ...rest] = Key!.slice(prefix.length).split('/');
        if (rest.length === 0 && isScopeName(scope) && isHash(hash)) yield { scope, hash };
      }
      token = page.NextContinuationToken;
    } while (token);
  }

  async describe(key: EntryKey): Promise<EntryRecord | null> {
    const object = await this.#client
      .send(new HeadObjectCommand(this.#at(key)))
      .catch(nullIfAbsent);
    const metadata = metadataSchema.safeParse(object?.Metadata);
    return metadata.success ? recordOf(metadata.data, object!.ContentLength ?? 0) : null;
  }

  async check(): Promise<void> {
    await this.#client.send(new HeadBucketCommand({ Bucket: this.config.bucket }));
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #at(key: EntryKey): { Bucket: string; Key: string } {
    return { Bucket: this.config.bucket, Key: this.config.prefix + keyText(key) };
  }
}

function recordOf(metadata: z.output<typeof metadataSchema>, sizeBytes: number): EntryRecord {
  const { created, ...same } = metadata;
  return { ...same, sizeBytes, createdAtMs: created };
}

/** S3 takes 2 KB of metadata. */
function shortOutputs(outputs: string[]): string[] {
  return outputs.slice(0, 3).map((path) => path.slice(0, 80));
}

function nullIfAbsent(error: unknown): null {
  if (statusOf(error) === 404) return null;
  throw error;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
