import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isHash } from '../entry-key';
import { CacheError } from '../error';
import type { Spooled } from '../upload/spooled';

const itemSchema = z.object({
  hash: z.string().refine(isHash),
  sha256: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  /** Shows that whoever queued it held the token that will send it. */
  seal: z.string(),
  signature: z.string().optional(),
});

export interface QueuedUpload extends z.output<typeof itemSchema> {
  /** Absolute. */
  path: string;
}

export interface QueueRules {
  maxBytes: number;
  maxAgeMs: number;
}

/**
 * Uploads that wait on disk, across runs. Each is sealed with the token that it is to be sent with:
 * on a machine that several jobs share, a pull request's upload is never sent with main's token.
 */
export class UploadQueue {
  /** What waits, of this run and of others before it. */
  #bytes = 0;

  constructor(
    readonly directory: string,
    readonly rules: QueueRules,
  ) {}

  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await this.#dropOld();
  }

  /** Takes over a spooled upload; it is on disk when this resolves. */
  async add(
    hash: string,
    spooled: Spooled,
    secret: string,
    signature?: string,
  ): Promise<QueuedUpload> {
    if (this.#bytes + spooled.sizeBytes > this.rules.maxBytes) {
      throw new CacheError('DISK_FULL', {
        message: `more than ${this.rules.maxBytes} bytes wait to be sent`,
      });
    }
    // At once, so that others that come meanwhile see it.
    this.#bytes += spooled.sizeBytes;
    try {
      return await this.#write(hash, spooled, secret, signature);
    } catch (error) {
      this.#bytes -= spooled.sizeBytes;
      throw error;
    }
  }

  /** The uploads that `secret` sealed and whose files are still what they were, oldest first. */
  async *waiting(secret: string): AsyncIterable<QueuedUpload> {
    for (const name of (await readdir(this.directory)).sort()) {
      if (!name.endsWith('.json')) continue;
      const path = join(this.directory, name.replace(/json$/, 'tar.gz'));
      const item = await readItem(join(this.directory, name));
      if (!item || !isSealed(item, secret)) continue;
      if ((await digestOf(path)) === item.sha256) yield { ...item, path };
      else await this.remove({ ...item, path });
    }
  }

  async remove({ path, sizeBytes }: QueuedUpload): Promise<void> {
    this.#bytes -= sizeBytes;
    await rm(path.replace(/tar\.gz$/, 'json'), { force: true });
    await rm(path, { force: true });
  }

  async #write(
    hash: string,
    spooled: Spooled,
    secret: string,
    signature: string | undefined,
  ): Promise<QueuedUpload> {
    const file = await spooled.persist(Buffer.alloc(0));
    const name = join(this.directory, `${Date.now()}-${randomUUID()}`);
    const { sha256, sizeBytes } = spooled;
    const item = { hash, sha256, sizeBytes, seal: sealOf(secret, hash, sha256), signature };
    try {
      await rename(file, `${name}.tar.gz`);
      await writeFile(`${name}.new`, JSON.stringify(item), { mode: 0o600, flush: true });
      await rename(`${name}.new`, `${name}.json`);
      await syncFolder(this.directory);
    } catch (error) {
      // What is not counted must not lie there.
      for (const end of ['json', 'new', 'tar.gz']) await rm(`${name}.${end}`, { force: true });
      throw error;
    }
    return { ...item, path: `${name}.tar.gz` };
  }

  async #dropOld(): Promise<void> {
    let bytes = 0;
    const newestFirst = (await readdir(this.directory)).sort().reverse();
    for (const name of newestFirst) {
      const file = await stat(join(this.directory, name)).catch(() => null);
      if (!file?.isFile()) continue;
      bytes += file.size;
      const isOld = file.mtimeMs < Date.now() - this.rules.maxAgeMs;
      if (isOld || bytes > this.rules.maxBytes)
        await rm(join(this.directory, name), { force: true });
      else this.#bytes += file.size;
    }
  }
}

/** The names in it, so that a power cut does not take them. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

function sealOf(secret: string, hash: string, sha256: string): string {
  return createHmac('sha256', secret).update(`${hash}\n${sha256}`).digest('hex');
}

function isSealed(
  { hash, sha256, seal }: QueuedUpload | z.output<typeof itemSchema>,
  secret: string,
): boolean {
  const wanted = Buffer.from(sealOf(secret, hash, sha256));
  const given = Buffer.from(seal);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readItem(file: string): Promise<z.output<typeof itemSchema> | null> {
  try {
    return itemSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

async function digestOf(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return null;
  }
}
