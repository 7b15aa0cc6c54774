import type { Readable } from 'node:stream';
import type { Digest } from '../digest';
import { WHITEOUT } from '../layer/order';
import type { EntryType, TarEntry } from '../tar/entry';
import { readTar } from '../tar/read';

/** What a layer holds, without its content but for a few files that owners are looked up in. */
export interface LayerIndex {
  readonly diffId: Digest;
  readonly entries: readonly TarEntry[];
  /** Content by path. */
  readonly kept: Readonly<Record<string, Buffer>>;
  /** The same entries by folder; absent where only their order tells what they come to. */
  readonly folders?: Folders;
}

/** Rows by folder, the root's own under `root`. Nothing is decoded that nobody asks for. */
export interface Folders {
  root?: Row;
  rows: Readonly<Record<string, Row[] | undefined>>;
  /** Files that hard links of the layer point at. */
  linked: readonly string[];
}

export type Row = [
  name: string,
  code: number,
  mode: number,
  uid: number,
  gid: number,
  sizeBytes: number,
  rest?: {
    link?: string;
    device?: [number, number];
    xattrs?: Record<string, string>;
    sparse?: true;
  },
];

const KEPT = new Set(['etc/passwd', 'etc/group']);
const LARGEST_KEPT = 10 << 20;

/** Reads an uncompressed layer through once. */
export async function indexLayer(diffId: Digest, tar: Readable): Promise<LayerIndex> {
  const entries: TarEntry[] = [];
  const kept: Record<string, Buffer> = {};
  for await (const { entry, content } of readTar(tar)) {
    entries.push(entry);
    if (!KEPT.has(entry.path) || entry.sizeBytes > LARGEST_KEPT) continue;
    const parts: Buffer[] = [];
    for await (const chunk of content()) parts.push(Buffer.from(chunk));
    kept[entry.path] = Buffer.concat(parts);
  }
  return { diffId, entries, kept };
}

const CODES: EntryType[] = [
  'file',
  'directory',
  'symlink',
  'hardlink',
  'character',
  'block',
  'fifo',
];

interface Encoded {
  diffId: Digest;
  /** In the layer's order, with whole paths; left out where `folders` says it all. */
  rows?: Row[];
  folders?: Folders;
  kept: Record<string, string>;
}

/** The index as text: JSON on one line, times left out. */
export function encodeIndex(index: LayerIndex): string {
  const folders = groupByFolder(index.entries);
  const encoded: Encoded = {
    diffId: index.diffId,
    ...(folders ? { folders } : { rows: index.entries.map((entry) => toRow(entry, entry.path)) }),
    kept: mapValues(index.kept, (bytes) => bytes.toString('base64')),
  };
  return JSON.stringify(encoded);
}

/** Of what `encodeIndex` made; the caller has checked that it is that. */
export function decodeIndex(text: string): LayerIndex {
  const { diffId, rows, folders, kept } = JSON.parse(text) as Encoded;
  let entries: TarEntry[] | undefined;
  return {
    diffId,
    get entries() {
      return (entries ??= folders
        ? fromFolders(folders)
        : rows!.map((row) => entryOf(row, row[0])));
    },
    kept: mapValues(kept, (text) => Buffer.from(text, 'base64')),
    ...(folders && { folders }),
  };
}

/**
 * null unless the order makes no difference: each path once, each in a folder that the layer itself
 * has, and hard links to files that it has.
 */
function groupByFolder(entries: readonly TarEntry[]): Folders | null {
  const types = new Map(entries.map((entry) => [entry.path, entry.type]));
  if (types.size !== entries.length) return null;
  const rows = new Map<string, Row[]>();
  const linked = new Set<string>();
  let root: Row | undefined;
  for (const entry of entries) {
    const { path, type, linkPath } = entry;
    if (path === '') {
      root = toRow(entry, '');
      continue;
    }
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(slash, 0));
    if (folder !== '' && types.get(folder) !== 'directory') return null;
    if (type === 'hardlink') {
      if (types.get(linkPath!) !== 'file') return null;
      linked.add(linkPath!);
    }
    const name = path.slice(slash + 1);
    if (name.startsWith(WHITEOUT) && type !== 'file') return null;
    const group = rows.get(folder) ?? [];
    group.push(toRow(entry, name));
    rows.set(folder, group);
  }
  return { ...(root && { root }), rows: Object.fromEntries(rows), linked: [...linked] };
}

/** What is in a folder; a folder may be called `constructor`, as what every object inherits is. */
export function rowsOf(rows: Folders['rows'], folder: string): readonly Row[] {
  return (Object.hasOwn(rows, folder) && rows[folder]) || [];
}

/** Folders before what is in them, hard links last. */
function fromFolders({ root, rows }: Folders): TarEntry[] {
  const entries: TarEntry[] = root ? [entryOf(root, '')] : [];
  const links: TarEntry[] = [];
  const visit = (folder: string) => {
    for (const row of rowsOf(rows, folder)) {
      const path = folder === '' ? row[0] : `${folder}/${row[0]}`;
      const entry = entryOf(row, path);
      (entry.type === 'hardlink' ? links : entries).push(entry);
      if (entry.type === 'directory') visit(path);
    }
  };
  visit('');
  return [...entries, ...links];
}

function toRow(entry: TarEntry, name: string): Row {
  const { type, mode, uid, gid, sizeBytes, linkPath, device, xattrs, sparse } = entry;
  const row: Row = [name, CODES.indexOf(type), mode, uid, gid, sizeBytes];
  if (linkPath === undefined && !device && !xattrs && !sparse) return row;
  row.push({
    ...(linkPath !== undefined && { link: linkPath }),
    ...(device && { device: [device.major, device.minor] }),
    ...(xattrs && { xattrs: mapValues(xattrs, (value) => value.toString('base64')) }),
    ...(sparse && { sparse }),
  });
  return row;
}

/** A row as the entry that it was made from, but for the time. */
export function entryOf([, code, mode, uid, gid, sizeBytes, rest]: Row, path: string): TarEntry {
  const entry: TarEntry = { path, type: CODES[code]!, mode, uid, gid, sizeBytes, mtimeS: 0 };
  if (!rest) return entry;
  if (rest.link !== undefined) entry.linkPath = rest.link;
  if (rest.device) entry.device = { major: rest.device[0], minor: rest.device[1] };
  if (rest.xattrs) entry.xattrs = mapValues(rest.xattrs, (text) => Buffer.from(text, 'base64'));
  if (rest.sparse) entry.sparse = true;
  return entry;
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  change: (value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
