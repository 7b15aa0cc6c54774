import { digestOf } from '../digest';
import { OciError } from '../error';
import { byOrder } from '../layer/order';
import { isPyc, normalisePyc } from '../layer/pyc';
import { FLOOR_S, type LayerMaker, layerTime, type Listed, timed } from '../layer/times';
import type { LayerWriter } from '../layer/writer';
import { isPackageList } from '../package-layers/owners';
import { partition } from '../package-layers/partition';
import type { TarEntry } from '../tar/entry';
import type { Contents } from '../tree/contents';
import { type Inode, newDirectory, type Node, type Tree } from '../tree/tree';
import type { Owner } from './owner';

const FOLDER_MODE = 0o755;
const SETGID = 0o2000;

/** Changes a tree and remembers where, so that the changes can be written as one layer. */
export class ChangedTree {
  private readonly changed = new Set<string>();

  constructor(readonly tree: Tree) {}

  put(path: string, node: Node): void {
    this.tree.set(path, node);
    this.changed.add(path);
  }

  /** Changes a node's metadata; other names of the same file keep theirs. */
  change(path: string, metadata: Partial<Inode>): void {
    const node = this.tree.get(path)!;
    node.inode = { ...node.inode, ...metadata };
    this.changed.add(path);
  }

  /**
   * Makes the folders that are missing. Below a setgid folder they inherit its group and that bit,
   * as the kernel has it.
   *
   * @param path with its symbolic links followed
   * @throws OciError `ASSEMBLY_FAILED` where a file is in the way
   */
  makeFolders(path: string, owner: Owner | undefined): void {
    let parent = this.tree.root;
    let made = '';
    for (const name of path === '' ? [] : path.split('/')) {
      made = made === '' ? name : `${made}/${name}`;
      const known = parent.children!.get(name);
      if (known && !known.children) {
        throw new OciError('ASSEMBLY_FAILED', { message: `/${made} is not a folder` });
      }
      if (!known) {
        const setgid = parent.inode.mode & SETGID;
        const gid = owner?.gid ?? (setgid ? parent.inode.gid : 0);
        this.put(made, newDirectory(FOLDER_MODE | setgid, owner?.uid ?? 0, gid));
      }
      parent = parent.children!.get(name)!;
    }
  }

  /** All that changed, and the folders on the way to it: some stores make missing ones with a wrong mode. */
  entries(): LayerEntry[] {
    const paths = new Set<string>();
    for (const path of this.changed) {
      for (let part = path; part !== '' && !paths.has(part);) {
        paths.add(part);
        part = part.slice(0, Math.max(part.lastIndexOf('/'), 0));
      }
    }
    const all = [...paths].map((path) => {
      const { inode } = this.tree.get(path)!;
      return { entry: toEntry(path, inode), inode };
    });
    all.sort((a, b) => byOrder(a.entry, b.entry));
    const first = new Map<Inode, string>();
    const links: typeof all = [];
    const others: typeof all = [];
    for (const item of all) {
      const { entry, inode } = item;
      const target = inode.type === 'directory' ? undefined : first.get(inode);
      if (target === undefined) {
        first.set(inode, entry.path);
        others.push(item);
      } else {
        links.push({
          inode,
          entry: { ...entry, type: 'hardlink', sizeBytes: 0, linkPath: target },
        });
      }
    }
    return [...others, ...links];
  }
}

/** What changed at a path, and where its content is. */
export interface LayerEntry {
  entry: TarEntry;
  inode: Inode;
}

/** The same entries by package, a list for each layer; one list where that saves nothing. */
export async function splitEntries(
  entries: LayerEntry[],
  contents: Contents,
): Promise<LayerEntry[][]> {
  const lists = new Map<string, string>();
  for (const { entry, inode } of entries) {
    if (isPackageList(entry))
      lists.set(entry.path, (await contents.readWhole(inode)).toString('utf8'));
  }
  const parts = partition(
    entries.map(({ entry }) => entry),
    lists,
  );
  if (!parts) return [entries];
  const split = Array.from({ length: parts.count }, (): LayerEntry[] => []);
  for (const item of entries)
    for (const at of parts.layersOf(item.entry.path)) split[at]!.push(item);
  return split;
}

/** Writes a layer's entries as they come: in order, hard links last. Their content is prepared. */
export async function writeEntries(
  entries: readonly LayerEntry[],
  writer: LayerWriter,
  contents: Contents,
  by: LayerMaker,
): Promise<void> {
  const byteCode = async ({ entry, inode }: LayerEntry) =>
    normalisePyc(entry, await contents.readWhole(inode));
  const listed: Listed[] = [];
  for (const item of entries) {
    const { entry, inode } = item;
    if (entry.type !== 'file') listed.push({ entry });
    else if (isPyc(entry)) listed.push({ entry, contentDigest: digestOf(await byteCode(item)) });
    else listed.push({ entry, contentDigest: await contents.digest(inode) });
  }
  const timeS = layerTime(listed, { by, below: 0 });
  for (const item of entries) {
    const entry = timed(item.entry, timeS);
    if (entry.type !== 'file') await writer.add(entry);
    else if (isPyc(entry)) await writer.add(entry, await byteCode(item));
    else await writer.add(entry, contents.read(item.inode));
  }
}

function toEntry(path: string, inode: Inode): TarEntry {
  const { type, mode, uid, gid, sizeBytes, linkPath, device, xattrs } = inode;
  return {
    path,
    type,
    mode,
    uid,
    gid,
    sizeBytes,
    mtimeS: FLOOR_S,
    ...(linkPath !== undefined && { linkPath }),
    ...(device && { device }),
    ...(xattrs && { xattrs }),
  };
}
