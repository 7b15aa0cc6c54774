import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EntryKey } from '../entry-key';

/** Kept for whoever wants to see what the disk did; no more than that. */
const limits = { maxBytes: 256 * 1024 * 1024, maxFiles: 100, maxAgeMs: 30 * 24 * 3600 * 1000 };

interface Kept {
  path: string;
  sizeBytes: number;
  atMs: number;
}

/** Where damaged entries are kept for a while. What is in it counts, and the oldest go first. */
export class Quarantine {
  #kept: Kept[] = [];

  constructor(
    readonly directory: string,
    readonly rules = limits,
  ) {
    this.#kept = filesIn(directory);
  }

  get sizeBytes(): number {
    return this.#kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  get fileCount(): number {
    return this.#kept.length;
  }

  /** Takes a damaged entry's file out of the way; in one turn, so that nothing comes in between. */
  take({ scope, hash }: EntryKey, file: string): void {
    const atMs = Date.now();
    const path = join(this.directory, `${scope}__${hash}__${atMs}`);
    try {
      mkdirSync(this.directory, { recursive: true });
      const { size } = statSync(file);
      renameSync(file, path);
      this.#kept.push({ path, sizeBytes: size, atMs });
    } catch {
      rmSync(file, { force: true });
    }
    this.tidy();
  }

  /** Removes what is too old or too much; also to be called now and then. */
  tidy(): void {
    const { maxBytes, maxFiles, maxAgeMs } = this.rules;
    let bytes = 0;
    let files = 0;
    const newestFirst = [...this.#kept].sort((a, b) => b.atMs - a.atMs);
    this.#kept = newestFirst.filter(({ path, sizeBytes, atMs }) => {
      bytes += sizeBytes;
      files += 1;
      const stays = bytes <= maxBytes && files <= maxFiles && atMs >= Date.now() - maxAgeMs;
      if (!stays) rmSync(path, { force: true });
      return stays;
    });
  }
}

function filesIn(directory: string): Kept[] {
  try {
    return readdirSync(directory).map((name) => {
      const path = join(directory, name);
      const { size, mtimeMs } = statSync(path);
      return { path, sizeBytes: size, atMs: Number(name.split('__').at(-1)) || mtimeMs };
    });
  } catch {
    return [];
  }
}
