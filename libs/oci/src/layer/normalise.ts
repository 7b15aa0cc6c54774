import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type BlobStore, randomName } from '../blob/store';
import type { TarEntry } from '../tar/entry';
import { readTar, type TarItem } from '../tar/read';
import type { Compression } from './compression';
import { byOrder, orderKey } from './order';
import { isPyc, normalisePyc } from './pyc';
import { LayerWriter, type WrittenLayer } from './writer';

export interface NormaliseOptions {
  /** Where the layer goes. */
  store: BlobStore;
  /** Every entry's time, in seconds: SOURCE_DATE_EPOCH. */
  epochS: number;
  compression: Compression;
  /** Paths of entries that do not belong to the layer. */
  leaveOut?: ReadonlySet<string>;
}

/**
 * A layer with its entries in order, one time for all, and no user or group names; modes, owners,
 * extended attributes, links and whiteouts stay. The same files give the same bytes.
 *
 * A layer in order passes in one go. Any other is read a second time, by way of a file in the
 * system's temporary folder: what is held in memory is the headers only.
 *
 * @param openTar gives the uncompressed tar from its start, each time that it is called
 * @throws OciError `TAR_DAMAGED`
 */
export async function normaliseLayer(
  openTar: () => Promise<Readable>,
  options: NormaliseOptions,
): Promise<WrittenLayer> {
  const writer = await LayerWriter.start(options.store, options.compression);
  try {
    const inOrder = await copyInOrder(await openTar(), writer, options);
    if (inOrder) return await writer.finish();
  } finally {
    await writer.discard();
  }
  return sortLayer(await openTar(), options);
}

/** false as soon as an entry is out of order. */
async function copyInOrder(
  tar: Readable,
  writer: LayerWriter,
  { epochS, leaveOut }: NormaliseOptions,
): Promise<boolean> {
  const links: TarEntry[] = [];
  let last: string | undefined;
  try {
    for await (const item of readTar(tar)) {
      if (leaveOut?.has(item.entry.path)) continue;
      const entry = { ...item.entry, mtimeS: epochS };
      if (entry.type === 'hardlink') {
        links.push(entry);
        continue;
      }
      const key = orderKey(entry.path);
      if (last !== undefined && key <= last) return false;
      last = key;
      await writeItem(writer, entry, item, epochS);
    }
  } finally {
    tar.destroy();
  }
  // A link has to come after its target, wherever that stands: so links come last.
  links.sort(byOrder);
  if (hasTwice(links)) return false;
  for (const link of links) await writer.add(link);
  return true;
}

async function writeItem(writer: LayerWriter, entry: TarEntry, item: TarItem, epochS: number) {
  if (entry.type !== 'file') return writer.add(entry);
  if (!isPyc(entry)) return writer.add(entry, item.content());
  const parts: Buffer[] = [];
  for await (const chunk of item.content()) parts.push(chunk);
  return writer.add(entry, normalisePyc(entry, Buffer.concat(parts), epochS));
}

async function sortLayer(tar: Readable, options: NormaliseOptions): Promise<WrittenLayer> {
  const { store, epochS, compression } = options;
  const spoolPath = join(tmpdir(), `excel2doc-layer-${randomName()}`);
  const spool = await open(spoolPath, 'wx+', 0o600);
  const writer = await LayerWriter.start(store, compression);
  try {
    const entries = await spoolTar(tar, spool, options);
    for (const { entry, offset } of entries) {
      if (entry.type !== 'file') await writer.add(entry);
      else await writeItem(writer, entry, spooled(spoolPath, entry, offset), epochS);
    }
    return await writer.finish();
  } finally {
    await writer.discard();
    await spool.close();
    await rm(spoolPath, { force: true });
  }
}

interface SpooledEntry {
  entry: TarEntry;
  offset: number;
}

async function spoolTar(tar: Readable, spool: FileHandle, { epochS, leaveOut }: NormaliseOptions) {
  // Of two entries for one path the later one is what an engine ends up with.
  const byPath = new Map<string, SpooledEntry>();
  let offset = 0;
  for await (const item of readTar(tar)) {
    if (leaveOut?.has(item.entry.path)) continue;
    byPath.set(item.entry.path, { entry: { ...item.entry, mtimeS: epochS }, offset });
    if (item.entry.type !== 'file') continue;
    for await (const chunk of item.content()) {
      await spool.write(chunk, 0, chunk.length, offset);
      offset += chunk.length;
    }
  }
  const isLink = ({ entry }: SpooledEntry) => Number(entry.type === 'hardlink');
  return [...byPath.values()].sort((a, b) => isLink(a) - isLink(b) || byOrder(a.entry, b.entry));
}

function spooled(path: string, entry: TarEntry, offset: number): TarItem {
  return {
    entry,
    async *content() {
      if (entry.sizeBytes === 0) return;
      yield* createReadStream(path, { start: offset, end: offset + entry.sizeBytes - 1 });
    },
  };
}

function hasTwice(sorted: TarEntry[]): boolean {
  return sorted.some((entry, at) => at > 0 && sorted[at - 1]!.path === entry.path);
}
