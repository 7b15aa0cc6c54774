import type { Digest } from '../digest';
import { OciError } from '../error';
import { OPAQUE, WHITEOUT } from '../layer/order';
import type { EntryType, TarEntry } from '../tar/entry';
import type { LayerIndex } from './layer-index';

/** Where a file's bytes lie. */
export type Content =
  | { kind: 'layer'; layer: Digest; path: string; bytes?: Buffer }
  | { kind: 'file'; path: string; digest?: string }
  | { kind: 'bytes'; bytes: Buffer };

/** A file's metadata. Nodes that share one are hard links of each other: never change it in place. */
export interface Inode {
  type: Exclude<EntryType, 'hardlink'>;
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  linkPath?: string;
  device?: { major: number; minor: number };
  xattrs?: Record<string, Buffer>;
  content?: Content;
}

export interface Node {
  inode: Inode;
  /** Of a directory. */
  children?: Map<string, Node>;
}

const LONGEST_CHAIN = 255;

export function newDirectory(mode = 0o755, uid = 0, gid = 0): Node {
  return { inode: { type: 'directory', mode, uid, gid, sizeBytes: 0 }, children: new Map() };
}

/** The files of an image, all its layers together. Paths are `a/b`, '' is the root. */
export class Tree {
  constructor(readonly root: Node = newDirectory()) {}

  /** Without following a symbolic link in any part. */
  get(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    if (path === '') return node;
    for (const name of path.split('/')) {
      node = node.children?.get(name);
      if (!node) return undefined;
    }
    return node;
  }

  /**
   * The path with every symbolic link in it followed, from this tree's root; what does not exist
   * stays as written.
   *
   * @throws OciError `ASSEMBLY_FAILED` for links that go round
   */
  resolve(path: string): string {
    const left = path.split('/').reverse();
    const names: string[] = [];
    const nodes: (Node | undefined)[] = [this.root];
    for (let links = 0; left.length > 0;) {
      const name = left.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (names.pop() !== undefined) nodes.pop();
        continue;
      }
      const node = nodes[nodes.length - 1]?.children?.get(name);
      if (node?.inode.type !== 'symlink') {
        names.push(name);
        nodes.push(node);
        continue;
      }
      if (++links > LONGEST_CHAIN) {
        throw new OciError('ASSEMBLY_FAILED', { message: `too many symbolic links in ${path}` });
      }
      const target = node.inode.linkPath!;
      if (target.startsWith('/')) names.length = 0;
      nodes.length = names.length + 1;
      left.push(...target.split('/').reverse());
    }
    return names.join('/');
  }

  /** Puts a node in its place; the folder that it is in has to be there. */
  set(path: string, node: Node): void {
    const slash = path.lastIndexOf('/');
    const parent = this.get(path.slice(0, Math.max(slash, 0)));
    parent!.children!.set(path.slice(slash + 1), node);
  }

  /** Every node below `from`, folders before what is in them, siblings by name. */
  *walk(from = ''): Generator<[path: string, node: Node]> {
    const start = this.get(from);
    if (start) yield* walkNode(from, start);
  }

  /**
   * Lays a layer on top.
   *
   * @param layer the digest under which its content is fetched
   * @see OCI image-spec v1.1, layer.md#applying-changesets: whiteouts only hide what is below
   */
  applyLayer(index: LayerIndex, layer: Digest): void {
    const own = new Set<string>();
    for (const { path, type } of index.entries) if (type === 'directory') own.add(path);
    for (const { path } of index.entries) {
      const slash = path.lastIndexOf('/') + 1;
      if (!path.startsWith(WHITEOUT, slash)) continue;
      const folder = this.get(this.whiteoutFolder(path.slice(0, Math.max(slash - 1, 0)), own));
      if (path.slice(slash) === OPAQUE) folder?.children?.clear();
      else folder?.children?.delete(path.slice(slash + WHITEOUT.length));
    }
    let folderPath: string | undefined;
    let folder = this.root;
    for (const entry of index.entries) {
      const { path, type } = entry;
      if (path === '') {
        this.root.inode = inodeOf(entry, index, layer);
        continue;
      }
      const slash = path.lastIndexOf('/') + 1;
      const name = path.slice(slash);
      if (name.startsWith(WHITEOUT)) continue;
      const parent = path.slice(0, Math.max(slash - 1, 0));
      if (parent !== folderPath) {
        folder = this.ensureFolder(this.resolve(parent));
        folderPath = parent;
      }
      if (type === 'hardlink') {
        const target = this.get(this.resolve(entry.linkPath!));
        if (target) folder.children!.set(name, { inode: target.inode });
        continue;
      }
      const inode = inodeOf(entry, index, layer);
      const before = folder.children!.get(name);
      if (type !== 'directory') folder.children!.set(name, { inode });
      else if (before?.children) before.inode = inode;
      else folder.children!.set(name, { inode, children: new Map() });
    }
  }

  /**
   * A folder that the layer brings itself takes the place of a link of that name below, so what the
   * link leads to is not what its whiteouts mean.
   */
  private whiteoutFolder(path: string, own: ReadonlySet<string>): string {
    if (!own.has(path)) return this.resolve(path);
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? '' : this.whiteoutFolder(path.slice(0, slash), own);
    return parent === '' ? path.slice(slash + 1) : `${parent}/${path.slice(slash + 1)}`;
  }

  private ensureFolder(path: string): Node {
    let node = this.root;
    for (const name of path === '' ? [] : path.split('/')) {
      let next = node.children!.get(name);
      if (!next?.children) node.children!.set(name, (next = newDirectory()));
      node = next;
    }
    return node;
  }
}

/** @param layer the digest under which the content is fetched */
export function inodeOf(entry: TarEntry, index: LayerIndex, layer: Digest): Inode {
  const { path, mode, uid, gid, sizeBytes, linkPath, device, xattrs } = entry;
  const inode: Inode = { type: entry.type as Inode['type'], mode, uid, gid, sizeBytes };
  if (linkPath !== undefined) inode.linkPath = linkPath;
  if (device) inode.device = device;
  if (xattrs) inode.xattrs = xattrs;
  if (inode.type === 'file') {
    const bytes = index.kept[path];
    inode.content = bytes ? { kind: 'layer', layer, path, bytes } : { kind: 'layer', layer, path };
  }
  return inode;
}

function* walkNode(path: string, node: Node): Generator<[string, Node]> {
  yield [path, node];
  if (!node.children) return;
  const names = [...node.children.keys()].sort();
  for (const name of names) {
    yield* walkNode(path === '' ? name : `${path}/${name}`, node.children.get(name)!);
  }
}
