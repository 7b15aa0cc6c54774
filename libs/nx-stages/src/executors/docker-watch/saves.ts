import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import { StagesError } from '@excel2doc/stages';
import type { Watched } from './watched';

/** What was saved, together. */
export interface Burst {
  /** Absolute. */
  paths: string[];
  /** When the first of them was, as `performance.now` tells it. */
  beganAt: number;
}

/** So long nothing more is saved when a burst has ended. */
const QUIET_MS = 25;
/** Of more files than an editor saves: somebody's program is at work. */
const MANY = 20;
const QUIET_AFTER_MANY_MS = 250;
/** A file that is written all the time is not waited for. */
const LONGEST_MS = 2_000;
/** Nor are ever more files, or a lock of git's that was left lying. */
const LONGEST_OF_MANY_MS = 60_000;
const STEP_MS = 10;

/** What is saved below a folder, by the file system's own events. */
export class Saves {
  private readonly paths = new Set<string>();
  private beganAt = 0;
  private lastAt = 0;
  /** When one was saved that had not been before. */
  private lastNewAt = 0;
  private watcher: FSWatcher | undefined;
  private watched: Watched | undefined;
  private failure: StagesError | undefined;
  private wake: (() => void) | undefined;

  /**
   * @param root the folder, absolute
   * @param isGitAtWork whether files are being put in place that belong together
   */
  constructor(
    private readonly root: string,
    private readonly isGitAtWork: () => boolean,
  ) {}

  /**
   * Looks at other paths from now on. What was looked at before is until then.
   *
   * @returns whether they are others: what was saved there before nobody has seen
   */
  async watch(watched: Watched): Promise<boolean> {
    if (this.watched?.text === watched.text) return false;
    const watcher = watch(this.root, {
      ignored: (path: string) => !watched.enters(path),
      ignoreInitial: true,
      // What matters is that something was, not what: the plan tells.
      atomic: false,
      followSymlinks: false,
      ignorePermissionErrors: true,
    });
    const add = (path: string) => {
      if (watched.has(path)) this.add(path);
    };
    watcher.on('all', (_, path) => add(path));
    // A change of mode, or one that left the times as they were, is no other event.
    watcher.on('raw', (_, name: string | null, details) => {
      const at = (details as { watchedPath?: string }).watchedPath;
      if (!at) return;
      add(name === null || name === basename(at) ? at : join(at, name));
    });
    const ready = new Promise<void>((resolve) => watcher.once('ready', resolve));
    watcher.on('error', (error) => this.fail(error));
    await ready;
    const before = this.watcher;
    this.watcher = watcher;
    this.watched = watched;
    await before?.close();
    return true;
  }

  /**
   * Waits until something is saved and nothing more comes, however much it is.
   *
   * @returns undefined when `stop` came first
   * @throws StagesError `CHECK_FAILED` when the system watches no more files
   */
  async next(stop: AbortSignal): Promise<Burst | undefined> {
    while (this.paths.size === 0) {
      if (this.failure) throw this.failure;
      if (stop.aborted) return undefined;
      await this.something(stop);
    }
    for (;;) {
      if (stop.aborted) return undefined;
      const now = performance.now();
      const quiet = this.paths.size > MANY ? QUIET_AFTER_MANY_MS : QUIET_MS;
      if (now - this.beganAt > LONGEST_OF_MANY_MS) break;
      const isOver = now - this.lastAt >= quiet || now - this.lastNewAt > LONGEST_MS;
      if (isOver && !this.isGitAtWork()) break;
      await sleep(STEP_MS);
    }
    const burst = { paths: [...this.paths].sort(), beganAt: this.beganAt };
    this.paths.clear();
    return burst;
  }

  /** Whether something was saved that `next` has not given yet. */
  get isWaiting(): boolean {
    return this.paths.size > 0;
  }

  async close(): Promise<void> {
    await this.watcher?.close();
  }

  private add(path: string): void {
    const now = performance.now();
    if (this.paths.size === 0) this.beganAt = now;
    this.lastAt = now;
    if (!this.paths.has(path)) this.lastNewAt = now;
    this.paths.add(path);
    this.wake?.();
  }

  private fail(cause: unknown): void {
    const { code, message } = cause as NodeJS.ErrnoException;
    // Gone between being listed and being looked at.
    if (code === 'ENOENT') return;
    const isLimit = code === 'ENOSPC' || code === 'EMFILE';
    this.failure = new StagesError('CHECK_FAILED', {
      message: isLimit
        ? `the system watches no more files for this user (${code})`
        : `files cannot be watched: ${message}`,
      hint: isLimit
        ? 'Raise fs.inotify.max_user_watches and max_user_instances, or leave out in .dockerignore what no image needs'
        : 'Mend it and start docker-watch again',
      cause,
    });
    this.wake?.();
  }

  private something(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        stop.removeEventListener('abort', end);
        this.wake = undefined;
        resolve();
      };
      this.wake = end;
      stop.addEventListener('abort', end);
    });
  }
}
