import type { Digest } from '../digest';
import { OPAQUE, WHITEOUT } from '../layer/order';
import { entryOf, type Folders, type LayerIndex, type Row, rowsOf } from './layer-index';
import { type Inode, inodeOf, type Node } from './tree';

/** A layer whose files become nodes only when somebody looks into their folder. */
export class LazyLayer {
  private readonly shared = new Map<string, Inode>();
  private readonly linked: Set<string>;

  constructor(
    private readonly index: LayerIndex,
    private readonly folders: Folders,
    private readonly digest: Digest,
  ) {
    this.linked = new Set(folders.linked);
  }

  get root(): Inode | undefined {
    const { root } = this.folders;
    return root && inodeOf(entryOf(root, ''), this.index, this.digest);
  }

  rows(folder: string): readonly Row[] {
    return rowsOf(this.folders.rows, folder);
  }

  /** Names of one file give one inode. */
  inode(row: Row, path: string): Inode {
    const entry = entryOf(row, path);
    const target = entry.type === 'hardlink' ? entry.linkPath! : path;
    if (!this.linked.has(target)) return inodeOf(entry, this.index, this.digest);
    let inode = this.shared.get(target);
    if (!inode) {
      const slash = target.lastIndexOf('/');
      const rows = this.rows(target.slice(0, Math.max(slash, 0)));
      const found = rows.find(([name]) => name === target.slice(slash + 1))!;
      inode = inodeOf(entryOf(found, target), this.index, this.digest);
      this.shared.set(target, inode);
    }
    return inode;
  }
}

/** A folder of several layers, the lowest first, merged when it is looked into. */
export class LazyFolder implements Node {
  private loaded: Map<string, Node> | undefined;

  constructor(
    public inode: Inode,
    private readonly parts: { layer: LazyLayer; path: string }[],
  ) {}

  get children(): Map<string, Node> {
    return (this.loaded ??= this.load());
  }

  private load(): Map<string, Node> {
    const children = new Map<string, Node>();
    for (const { layer, path } of this.parts) {
      const rows = layer.rows(path);
      for (const [name] of rows) {
        if (!name.startsWith(WHITEOUT)) continue;
        if (name === OPAQUE) children.clear();
        else children.delete(name.slice(WHITEOUT.length));
      }
      for (const row of rows) {
        const [name] = row;
        if (name.startsWith(WHITEOUT)) continue;
        const part = { layer, path: path === '' ? name : `${path}/${name}` };
        const inode = layer.inode(row, part.path);
        const before = children.get(name);
        if (inode.type !== 'directory') children.set(name, { inode });
        else if (before instanceof LazyFolder) {
          before.inode = inode;
          before.parts.push(part);
        } else children.set(name, new LazyFolder(inode, [part]));
      }
    }
    return children;
  }
}
