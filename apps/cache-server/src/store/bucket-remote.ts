import { Readable } from 'node:stream';
import { z } from 'zod';
import { FileSeal } from '../encryption/file-seal';
import { refuseWithout } from '../encryption/key-marks';
import type { KeyRing } from '../encryption/key-ring';
import { openStream, SealBroken, sealStream } from '../encryption/seal-stream';
import { CacheError } from '../error';
import { isHash, isScopeName, keyText, type EntryKey } from '../entry-key';
import { readsOf, type Spool, type SpoolRules } from '../upload/spool';
import type { Spooled } from '../upload/spooled';
import { sealRecord } from '../entry/footer';
import { openRecord } from './disk-format';
import type { ObjectBucket, ObjectMetadata } from './object-bucket';
import type { Fetched, Remote } from './remote';
import type { EntryRecord } from '../entry/entry-record';

const metadataSchema = z.object({
  sha256: z.string(),
  created: z.coerce.number(),
  writer: z.string().transform(decodeURIComponent),
  signature: z.string().optional(),
  packing: z.enum(['gzip', 'zstd']).optional(),
  outputs: z
    .string()
    .transform((text) => z.array(z.string()).parse(JSON.parse(decodeURIComponent(text)))),
});
/** Of the 2 KB that S3 takes, what is left for a record once it is sealed and in base64. */
const maxRecordBytes = 1_200;
const maxBroken = 1_000;

interface BucketParts {
  spool: Spool;
  spoolRules: SpoolRules;
  ring: KeyRing | null;
  /** Ids of keys that are gone for good. */
  retired: readonly string[];
  damaged(key: EntryKey): void;
  unreadable(key: EntryKey): void;
}

interface Described {
  record: EntryRecord;
  seal: FileSeal | null;
}

/** Entries as objects `<prefix><scope>/<hash>` of a bucket, whoever's it is. */
export class BucketRemote implements Remote {
  /** What did not hold what it should: whoever stores it anew may replace it. */
  readonly #broken = new Set<string>();
  #marked: Promise<unknown> | null = null;

  constructor(
    readonly bucket: ObjectBucket,
    readonly prefix: string,
    readonly parts: BucketParts,
  ) {}

  /**
   * Looks which keys the bucket's entries are sealed with.
   *
   * @throws CacheError `CONFIG_INVALID` when one of them is missing
   */
  async checkKeys(): Promise<void> {
    const marks: string[] = [];
    for await (const name of this.bucket.names(this.#mark(''))) {
      marks.push(name.slice(this.#mark('').length));
    }
    refuseWithout(marks, this.parts.ring, this.parts.retired);
  }

  async fetch(key: EntryKey): Promise<Fetched | null> {
    const object = await this.bucket.get(this.#name(key));
    if (!object) return null;
    const described = this.#describe(key, object.metadata, 0);
    if (described === 'unreadable' || described === null) {
      object.body.destroy();
      if (described) this.parts.unreadable(key);
      else this.#foundBroken(key);
      return null;
    }
    const { record, seal } = described;
    const body = seal ? openStream(seal, object.body) : object.body;
    const spooled = await this.#receive(key, body, record);
    if (spooled?.receivedSha256 === record.sha256) {
      const { sizeBytes, sha256 } = spooled;
      return { spooled, record: { ...record, sizeBytes, sha256 } };
    }
    await spooled?.discard();
    this.#foundBroken(key);
    return null;
  }

  async send(
    key: EntryKey,
    body: () => Readable,
    record: EntryRecord,
  ): Promise<'stored' | 'exists'> {
    const { ring } = this.parts;
    const put = async () => {
      if (!ring) return this.bucket.putNew(this.#name(key), body(), clearMetadata(record));
      // Before the first entry of that key.
      await (this.#marked ??= this.#markKey(ring.currentId));
      const seal = FileSeal.fresh(ring);
      const { keyId, ...rest } = sealRecord(record, key, seal, maxRecordBytes);
      return this.bucket.putNew(this.#name(key), sealStream(seal, body()), { keyid: keyId, ...rest }); // prettier-ignore
    };
    const outcome = await put();
    if (outcome === 'stored' || !(await this.#isUseless(key))) return outcome;
    await this.bucket.remove(this.#name(key));
    this.#broken.delete(keyText(key));
    return put();
  }

  async remove(key: EntryKey): Promise<void> {
    await this.bucket.remove(this.#name(key));
  }

  async *keys(): AsyncIterable<EntryKey> {
    for await (const name of this.bucket.names(this.prefix)) {
      const [scope = '', hash = '', ...rest] = name.slice(this.prefix.length).split('/');
      if (rest.length === 0 && isScopeName(scope) && isHash(hash)) yield { scope, hash };
    }
  }

  async describe(key: EntryKey): Promise<EntryRecord | 'unreadable' | null> {
    const object = await this.bucket.head(this.#name(key));
    const described = object && this.#describe(key, object.metadata, object.sizeBytes);
    return described === 'unreadable' ? described : (described?.record ?? null);
  }

  check(): Promise<void> {
    return this.bucket.check();
  }

  close(): Promise<void> {
    return this.bucket.close();
  }

  /** Null for what could not be used, or is not what was sealed: damage, and no failure. */
  async #receive(
    { scope }: EntryKey,
    body: Readable,
    { packing }: EntryRecord,
  ): Promise<Spooled | null> {
    try {
      const rules = { ...this.parts.spoolRules, packing, digestReceived: true, owner: readsOf(scope) }; // prettier-ignore
      return await this.parts.spool.receive(body, rules);
    } catch (error) {
      const isRefused =
        error instanceof CacheError && ['ARCHIVE_REFUSED', 'NOT_PLAIN'].includes(error.code);
      if (isRefused || error instanceof SealBroken) return null;
      throw error;
    }
  }

  #describe(
    key: EntryKey,
    { keyid, salt, record, ...clear }: ObjectMetadata,
    sizeBytes: number,
  ): Described | 'unreadable' | null {
    const { ring } = this.parts;
    if (keyid !== undefined) return openRecord({ keyId: keyid, salt, record }, key, ring);
    const read = metadataSchema.safeParse(clear);
    if (!read.success) return null;
    if (ring) return 'unreadable';
    const { created, ...same } = read.data;
    return { record: { ...same, sizeBytes, createdAtMs: created }, seal: null };
  }

  async #isUseless(key: EntryKey): Promise<boolean> {
    return this.#broken.has(keyText(key)) || (await this.describe(key)) === 'unreadable';
  }

  #foundBroken(key: EntryKey): void {
    if (this.#broken.size < maxBroken) this.#broken.add(keyText(key));
    this.parts.damaged(key);
  }

  async #markKey(id: string): Promise<void> {
    const body = Readable.from([Buffer.from('in use\n')]);
    await this.bucket.putNew(this.#mark(id), body, {}).catch((error: unknown) => {
      this.#marked = null;
      throw error;
    });
  }

  #name(key: EntryKey): string {
    return this.prefix + keyText(key);
  }

  /** No scope is called so. */
  #mark(id: string): string {
    return `${this.prefix}.keys/${id}`;
  }
}

function clearMetadata(record: EntryRecord): Record<string, string> {
  const outputs = record.outputs.slice(0, 3).map((path) => path.slice(0, 80));
  return {
    sha256: record.sha256,
    created: String(record.createdAtMs),
    ...(record.signature === undefined ? {} : { signature: record.signature }),
    ...(record.packing === 'zstd' ? { packing: record.packing } : {}),
    writer: encodeURIComponent(record.writer.slice(0, 128)),
    outputs: encodeURIComponent(JSON.stringify(outputs)),
  };
}
