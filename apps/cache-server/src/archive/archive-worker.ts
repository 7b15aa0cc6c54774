import { createHash, hash } from 'node:crypto';
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { ChunkSealer, FileSeal, sealWhole } from '../encryption/file-seal';
import { CacheError, systemCode } from '../error';
import type {
  ArchiveReply,
  ArchiveRequest,
  ArchiveRules,
  WrittenArchive,
} from './archive-messages';
import { NameBudget } from './entry-names';
import { Normaliser, type NormaliserOptions } from './normaliser';
import type { Packing } from './packing';
import { leaveBuffers } from './young-garbage';

/**
 * The side of a thread: it unpacks, inspects, packs, digests and writes, so that no archive, however
 * hostile, keeps the server from answering others.
 */

/** Of a large file, this much is sent to the disk at a time, so that little is left to wait for. */
const earlySyncBytes = 16 * 1024 * 1024;
/** For the names of all archives that are under way in this thread. */
const budget = new NameBudget(32 * 1024 * 1024);

/** An archive that is written into a file while it arrives. */
class FileJob {
  readonly #file: number;
  readonly #received = createHash('sha256');
  readonly #written = createHash('sha256');
  readonly #normaliser: Normaliser;
  readonly #sealer: ChunkSealer | null;
  readonly #isKept: boolean;
  #sizeBytes = 0;
  #unsyncedBytes = 0;
  #isSyncing = false;
  #isClosing = false;
  #isOver = false;

  constructor(path: string, rules: ArchiveRules) {
    const { limits, sealKey } = rules;
    this.#isKept = isKept(rules);
    this.#file = openSync(path, 'wx', 0o600);
    this.#sealer = sealKey
      ? new ChunkSealer(sealOf(sealKey), (sealed) => this.#writeOut(sealed))
      : null;
    const take = (packed: Buffer) => this.#write(packed);
    this.#normaliser = new Normaliser(limits, budget, take, optionsOf(rules));
  }

  async block(block: Buffer): Promise<void> {
    this.#received.update(block);
    await this.#normaliser.write(block);
    if (this.#isKept) this.#write(block);
    leaveBuffers(2 * block.length);
  }

  async end(): Promise<WrittenArchive> {
    const { outputs, contentSha256 } = await this.#normaliser.end();
    this.#sealer?.end();
    return {
      packing: packingOf(this.#isKept),
      sizeBytes: this.#sizeBytes,
      sha256: this.#written.digest('hex'),
      receivedSha256: this.#received.digest('hex'),
      contentSha256,
      outputs,
    };
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#normaliser.release();
    // A number that is closed while it is synced could be another file's by then.
    if (this.#isSyncing) this.#isClosing = true;
    else closeSync(this.#file);
  }

  #write(packed: Buffer): void {
    this.#written.update(packed);
    this.#sizeBytes += packed.length;
    if (this.#sealer) this.#sealer.write(packed);
    else this.#writeOut(packed);
  }

  #writeOut(lying: Buffer): void {
    for (let at = 0; at < lying.length;) at += writeSync(this.#file, lying, at);
    this.#unsyncedBytes += lying.length;
    if (this.#isSyncing || this.#unsyncedBytes < earlySyncBytes) return;
    this.#isSyncing = true;
    this.#unsyncedBytes = 0;
    // It says nothing that the sync at the end will not say.
    fdatasync(this.#file, () => {
      this.#isSyncing = false;
      if (this.#isClosing) closeSync(this.#file);
    });
  }
}

const jobs = new Map<number, FileJob>();

async function answer(request: ArchiveRequest): Promise<ArchiveReply> {
  const { id } = request;
  switch (request.kind) {
    case 'whole':
      return whole(request);
    case 'gathered':
      return gathered(request);
    case 'open':
      jobs.set(id, new FileJob(request.path, request.rules));
      return { id, kind: 'taken' };
    case 'block':
      await jobs.get(id)!.block(asBuffer(request.block));
      return { id, kind: 'taken' };
    case 'end': {
      const archive = await jobs.get(id)!.end();
      close(id);
      return { id, kind: 'written', archive };
    }
    case 'abandon':
      close(id);
      return { id, kind: 'taken' };
  }
}

async function whole({
  id,
  block,
  rules,
  maxBytes,
}: Extract<ArchiveRequest, { kind: 'whole' }>): Promise<ArchiveReply> {
  const received = asBuffer(block);
  const parts: Buffer[] = [];
  const take = (packed: Buffer) => parts.push(Buffer.from(packed));
  const normaliser = new Normaliser(rules.limits, budget, take, optionsOf(rules));
  try {
    if (!normaliser.tryWhole(received, maxBytes)) return { id, kind: 'too-large' };
    const { outputs, contentSha256 } = await normaliser.end();
    const content = isKept(rules) ? Buffer.from(received) : Buffer.concat(parts);
    const archive = {
      packing: packingOf(isKept(rules)),
      sizeBytes: content.length,
      sha256: hash('sha256', content),
      receivedSha256: hash('sha256', received),
      contentSha256,
      outputs,
    };
    return { id, kind: 'whole', archive, content };
  } finally {
    normaliser.release();
  }
}

/** An archive of some blocks, written into a new file at once. */
async function gathered({
  id,
  blocks,
  path,
  maxBytes,
  rules,
}: Extract<ArchiveRequest, { kind: 'gathered' }>): Promise<ArchiveReply> {
  const received = inOne(blocks);
  let fill = 0;
  const take = (packed: Buffer) => {
    output = withRoom(output, fill, packed.length);
    fill += packed.copy(output, fill);
  };
  const normaliser = new Normaliser(rules.limits, budget, take, optionsOf(rules));
  try {
    if (!normaliser.tryWhole(received, maxBytes)) return { id, kind: 'too-large' };
    const { outputs, contentSha256 } = await normaliser.end();
    const content = isKept(rules) ? received : output.subarray(0, fill);
    const file = openSync(path, 'wx', 0o600);
    try {
      const lying = rules.sealKey ? sealWhole(sealOf(rules.sealKey), content) : content;
      for (let at = 0; at < lying.length;) at += writeSync(file, lying, at);
    } finally {
      closeSync(file);
    }
    const sha256 = hash('sha256', content);
    const receivedSha256 = isKept(rules) ? sha256 : hash('sha256', received);
    const archive = {
      packing: packingOf(isKept(rules)),
      sizeBytes: content.length,
      sha256,
      receivedSha256,
      contentSha256,
      outputs,
    };
    return { id, kind: 'written', archive };
  } finally {
    leaveBuffers(2 * received.length);
    normaliser.release();
  }
}

/** What gathered archives are written into before the file; one at a time, as nothing is waited for. */
let output: Buffer = Buffer.alloc(0);

let input: Buffer = Buffer.alloc(0);

/** Blocks one behind the other, until this is called again. */
function inOne(blocks: readonly Uint8Array[]): Buffer {
  let fill = 0;
  for (const block of blocks) {
    input = withRoom(input, fill, block.length);
    input.set(block, fill);
    fill += block.length;
  }
  return input.subarray(0, fill);
}

function withRoom(buffer: Buffer, fill: number, more: number): Buffer {
  if (fill + more <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, fill + more, 1024 * 1024));
  buffer.copy(larger, 0, 0, fill);
  return larger;
}

/** Whether what comes is what is written. */
function isKept({ packing, keepsZstd = false }: ArchiveRules): boolean {
  return keepsZstd && packing === 'zstd';
}

function packingOf(isKept: boolean): Packing {
  return isKept ? 'zstd' : 'gzip';
}

function optionsOf(rules: ArchiveRules): NormaliserOptions {
  const { place, digestContent, packing } = rules;
  return { place, digestContent, packing, isKept: isKept(rules) };
}

/** With the file's own key: which of the operator's it was made of is not known here. */
function sealOf(key: Uint8Array): FileSeal {
  return new FileSeal({ keyId: '', salt: '' }, key);
}

function close(id: number): void {
  jobs.get(id)?.close();
  jobs.delete(id);
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function failure(id: number, error: unknown): ArchiveReply {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CacheError) return { id, kind: 'failed', code: error.code, message };
  const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
  return isFull
    ? { id, kind: 'failed', code: 'DISK_FULL', message: 'no space is left for uploads' }
    : { id, kind: 'failed', code: null, message };
}

parentPort!.on('message', (request: ArchiveRequest) => {
  answer(request).then(
    (reply) => parentPort!.postMessage(reply),
    (error: unknown) => {
      close(request.id);
      parentPort!.postMessage(failure(request.id, error));
    },
  );
});
