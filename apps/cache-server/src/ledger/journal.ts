import { createReadStream } from 'node:fs';
import { appendFile, open, rename } from 'node:fs/promises';
import type { LineSeal } from '../encryption/line-seal';
import { systemCode } from '../error';

const chunkBytes = 1024 * 1024;

/**
 * An append-only file of JSON lines. It holds statistics only, so that it may lose its last second
 * in a crash: what is stored is known from the store.
 */
export class Journal {
  lines = 0;
  /** Whether it held lines that would be written another way now: in the clear, or with another key. */
  isOld = false;
  #isSealed = false;
  #pending: string[] = [];
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly file: string,
    /** With it, nothing is written in the clear. */
    readonly seal: LineSeal | null = null,
  ) {}

  /** Every line of the file that is whole; the last one of a killed process may not be. */
  async *replay(): AsyncIterable<unknown> {
    try {
      let rest = '';
      for await (const text of createReadStream(this.file, {
        encoding: 'utf8',
        highWaterMark: chunkBytes,
      })) {
        const lines = (rest + (text as string)).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          this.lines += 1;
          const value = this.#parse(line);
          if (value !== undefined) yield value;
        }
      }
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  append(line: unknown): void {
    this.#pending.push(this.#textOf(line));
  }

  /** Writes what was appended. On a full disk it is kept for the next time. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#pending.length === 0) return;
      const lines = this.#pending;
      this.#pending = [];
      try {
        // A line break first: a killed process may have left half a line.
        await appendFile(this.file, `\n${lines.join('\n')}\n`);
        this.lines += lines.length;
      } catch {
        this.#pending = lines.slice(-10_000).concat(this.#pending);
      }
    });
  }

  /** Replaces the file by `lines`, which say all that it said. */
  compact(lines: Iterable<unknown>): Promise<void> {
    this.#pending = [];
    const text = [...lines].map((line) => `${this.#textOf(line)}\n`);
    this.isOld = false;
    return this.#inTurn(async () => {
      const fresh = `${this.file}.new`;
      const handle = await open(fresh, 'w');
      try {
        for (let at = 0; at < text.length; at += 5_000) {
          await handle.write(text.slice(at, at + 5_000).join(''));
        }
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await rename(fresh, this.file);
      this.lines = text.length;
    });
  }

  #textOf(line: unknown): string {
    const json = JSON.stringify(line);
    return this.seal ? this.seal.seal(json) : json;
  }

  #parse(line: string): unknown {
    if (line === '') return undefined;
    const isClear = line.startsWith('{');
    const isCurrent = this.seal ? line.startsWith(`${this.seal.ring.currentId} `) : isClear;
    this.isOld ||= !isCurrent;
    // In the clear are those from before there was a key; behind one of ours they are somebody else's.
    if (isClear) return this.#isSealed ? undefined : parse(line);
    const opened = this.seal?.open(line) ?? null;
    if (opened === null) return undefined;
    this.#isSealed = true;
    return parse(opened);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work, work);
    return this.#work;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
