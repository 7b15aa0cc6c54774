import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CacheError } from '../error';
import type {
  ArchiveReply,
  ArchiveRequest,
  ArchiveRules,
  EntryFile,
  WantedFile,
  WrittenArchive,
} from './archive-messages';

/** Set by the bundler: the thread's own code, so that what is shipped stays one file. */
declare const ARCHIVE_WORKER: string | undefined;

/** Beyond this, what one thread reads would cost the others their memory; it is then started anew. */
const resourceLimits = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 };
const maxThreads = 4;
/** Not written where it is used: the bundler would look for it. */
const sourceLoader = 'tsx/cjs';

type Request = ArchiveRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

interface Waiting {
  id: number;
  resolve: (reply: ArchiveReply) => void;
  reject: (error: Error) => void;
}

/** One thread, and what it has been asked. */
class Thread {
  readonly waiting = new Set<Waiting>();
  isDead = false;
  readonly #worker: Worker;

  constructor() {
    this.#worker = startWorker();
    this.#worker.unref();
    this.#worker.on('message', (reply: ArchiveReply) => this.#take(reply));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('exit', () => this.#die(new Error('the thread that reads archives ended')));
  }

  ask(id: number, request: Request): Promise<ArchiveReply> {
    if (this.isDead) return Promise.reject(new Error('the thread that reads archives has ended'));
    return new Promise<ArchiveReply>((resolve, reject) => {
      if (this.waiting.size === 0) this.#worker.ref();
      this.waiting.add({ id, resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(reply: ArchiveReply): void {
    for (const one of this.waiting) {
      if (one.id !== reply.id) continue;
      this.waiting.delete(one);
      one.resolve(reply);
      break;
    }
    if (this.waiting.size === 0) this.#worker.unref();
  }

  #die(error: Error): void {
    this.isDead = true;
    for (const { reject } of this.waiting) reject(error);
    this.waiting.clear();
  }
}

/** An archive that was read at once. */
export interface WholeArchive {
  archive: WrittenArchive;
  /** Where its file was to be an entry's. */
  entry: EntryFile | null;
  /** What was written: always where there is no file, else where the one block had room for it. */
  content: Buffer | null;
}

/** An archive that arrives block by block. */
export interface ArchiveJob {
  /** Resolves when the block is the caller's again. @throws CacheError `ARCHIVE_REFUSED`, `DISK_FULL` */
  write(block: Buffer): Promise<void>;
  end(): Promise<{ archive: WrittenArchive; entry: EntryFile | null }>;
  abandon(): Promise<void>;
}

/** Threads that read archives and write them anew; each is started when it is first needed. */
export class ArchivePool {
  readonly #threads: (Thread | null)[];
  readonly #open = new Map<Thread, number>();
  #lastId = 0;

  constructor(threads = Math.min(maxThreads, availableParallelism())) {
    this.#threads = Array.from({ length: threads }, () => null);
  }

  /**
   * Reads an archive of a few blocks at once and writes it anew: into a file, or into memory where none
   * is wanted. Null when it unpacks to more than `maxBytes`, and nothing was written. The blocks stay
   * the caller's.
   *
   * @throws CacheError `ARCHIVE_REFUSED`, `DISK_FULL`
   */
  async whole(
    blocks: Buffer[],
    rules: ArchiveRules,
    maxBytes: number,
    file: WantedFile | null,
  ): Promise<WholeArchive | null> {
    const request = { kind: 'whole', blocks, rules, maxBytes, file } as const;
    const known = checked(await this.#leastBusy().ask(this.#newId(), request));
    if (known.kind === 'too-large') return null;
    if (known.kind === 'whole') {
      const { buffer, byteOffset, length } = known.content;
      return { archive: known.archive, entry: null, content: Buffer.from(buffer, byteOffset, length) }; // prettier-ignore
    }
    if (known.kind !== 'written') throw new Error(`no answer to an archive: ${known.kind}`);
    const { archive, entry, isInBlock } = known;
    const content = isInBlock ? Buffer.from(blocks[0]!.buffer, 0, archive.sizeBytes) : null;
    return { archive, entry, content };
  }

  /** Starts to write an archive into a new file; a failure shows at the first block. */
  open(file: WantedFile, rules: ArchiveRules): ArchiveJob {
    const thread = this.#leastBusy();
    const id = this.#newId();
    this.#count(thread, 1);
    let isOpen = true;
    const opened = thread.ask(id, { kind: 'open', file, rules });
    opened.catch(() => undefined);
    const close = () => {
      if (isOpen) this.#count(thread, -1);
      isOpen = false;
    };
    return {
      write: async (block) => {
        checked(await opened);
        checked(await thread.ask(id, { kind: 'block', block }));
      },
      end: async () => {
        checked(await opened);
        const reply = checked(await thread.ask(id, { kind: 'end' }));
        close();
        if (reply.kind !== 'written') throw new Error(`no answer to an end: ${reply.kind}`);
        return { archive: reply.archive, entry: reply.entry };
      },
      abandon: async () => {
        if (isOpen) await thread.ask(id, { kind: 'abandon' }).catch(() => undefined);
        close();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread?.stop()));
    this.#threads.fill(null);
  }

  #newId(): number {
    return (this.#lastId += 1);
  }

  #count(thread: Thread, change: number): void {
    this.#open.set(thread, (this.#open.get(thread) ?? 0) + change);
  }

  #leastBusy(): Thread {
    let best: Thread | null = null;
    let bestLoad = Infinity;
    for (const [at, thread] of this.#threads.entries()) {
      const live = thread && !thread.isDead ? thread : null;
      const load = live ? live.waiting.size + (this.#open.get(live) ?? 0) : 0;
      if (load >= bestLoad) continue;
      if (thread && !live) this.#open.delete(thread);
      best = live ?? (this.#threads[at] = new Thread());
      bestLoad = load;
    }
    return best!;
  }
}

function checked(reply: ArchiveReply): ArchiveReply {
  if (reply.kind !== 'failed') return reply;
  const { code, message } = reply;
  throw code ? new CacheError(code, { message }) : new Error(message);
}

function startWorker(): Worker {
  if (typeof ARCHIVE_WORKER === 'string')
    return new Worker(ARCHIVE_WORKER, { eval: true, resourceLimits, execArgv: [] });
  // From the source, as tests and a clone that has built nothing run it.
  const file = JSON.stringify(join(__dirname, 'archive-worker.ts'));
  const tsx = JSON.stringify(require.resolve(sourceLoader));
  return new Worker(`require(${tsx}); require(${file});`, { eval: true, resourceLimits });
}
