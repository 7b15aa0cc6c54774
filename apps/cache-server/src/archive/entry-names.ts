import { refuse } from './refusal';

/** How much all archives that are read at one time may take for their names. */
export class NameBudget {
  #usedBytes = 0;

  constructor(readonly maxBytes: number) {}

  take(bytes: number): void {
    if (this.#usedBytes + bytes > this.maxBytes)
      refuse(`more names than fit into ${this.maxBytes} bytes with those of other uploads`);
    this.#usedBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

/** What a map's slot costs beside its text. */
const nodeBytes = 96;
type Kind = 'file' | 'folder' | 'link';
interface Node {
  id: number;
  kind: Kind;
}

/**
 * The names in one archive, as a tree. It finds what cannot be unpacked (a name twice, a path through
 * a file or a link) in time that grows with the length of the path and with nothing else.
 */
export class EntryNames {
  /** By the parent's number and the name in it. */
  readonly #nodes = new Map<string, Node>();
  #bytes = 0;

  constructor(
    readonly maxNodes: number,
    readonly budget: NameBudget,
  ) {}

  /** @throws CacheError `ARCHIVE_REFUSED` */
  add(path: string, kind: Kind): void {
    const parts = path.split('/');
    let parent = 0;
    for (const [at, part] of parts.entries()) {
      const isLast = at === parts.length - 1;
      const key = `${parent}/${part}`;
      const known = this.#nodes.get(key);
      if (!known) {
        parent = this.#put(key, isLast ? kind : 'folder');
        continue;
      }
      if (!isLast && known.kind !== 'folder') refuse(`a path through a ${known.kind}`, path);
      // A folder may be named after what is in it.
      if (isLast && !(kind === 'folder' && known.kind === 'folder'))
        refuse('two entries of one name', path);
      parent = known.id;
    }
  }

  /** To be called once, when the archive has been read or given up. */
  release(): void {
    this.budget.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#nodes.clear();
  }

  #put(key: string, kind: Kind): number {
    const id = this.#nodes.size + 1;
    if (id > this.maxNodes) refuse(`more than ${this.maxNodes} files and folders`);
    const bytes = nodeBytes + 2 * key.length;
    this.budget.take(bytes);
    this.#bytes += bytes;
    this.#nodes.set(key, { id, kind });
    return id;
  }
}
