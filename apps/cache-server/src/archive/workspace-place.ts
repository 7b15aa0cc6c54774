import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { refuse } from './refusal';

/** Where an archive is to be unpacked, as the edge knows it. */
export interface WorkspacePlace {
  /** Absolute. */
  root: string;
  /**
   * For each task the paths below which its outputs lie, relative to the root; '' for anywhere. Null
   * when nobody knows them.
   */
  tasks: string[][] | null;
}

type Kind = 'file' | 'folder' | 'link';

/**
 * Holds the entries of one archive against a workspace. Nx before 23 copies all that an archive
 * holds, so that one entry in the place of another task's folder ends this run, or that task.
 */
export class PlaceCheck {
  /** Those of which the archive can still be the outputs. */
  #tasks: string[][] | null;

  constructor(readonly place: WorkspacePlace) {
    this.#tasks = place.tasks;
  }

  /** @throws CacheError `ARCHIVE_REFUSED` */
  take(path: string, kind: Kind): void {
    if (this.#tasks) {
      this.#tasks = this.#tasks.filter((bases) => bases.some((base) => fits(path, kind, base)));
      if (this.#tasks.length === 0) refuse('what is no output of any one task here', path);
    }
    const there = kindAt(join(this.place.root, path));
    if (there === null) return;
    const isInTheWay = kind === 'folder' ? there === 'file' : there !== kind;
    if (isInTheWay) refuse(`a ${kind} where the workspace has a ${there}`, path);
  }
}

function fits(path: string, kind: Kind, base: string): boolean {
  if (base === '' || path === base || path.startsWith(`${base}/`)) return true;
  return kind === 'folder' && base.startsWith(`${path}/`);
}

function kindAt(path: string): Kind | null {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) return null;
    return stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'file';
  } catch {
    // A file on the way to it.
    return 'file';
  }
}
