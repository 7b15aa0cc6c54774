import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type BlobStore, randomName } from '../blob/store';
import type { TarItem } from '../tar/read';
import type { Compression } from './compression';
import { contentOf, itemsOf, type Listing, listLayer, timeInOrder } from './listing';
import { isPyc, normalisePyc } from './pyc';
import { type LayerPosition, layerTime, timed } from './times';
import { LayerWriter, type WrittenLayer } from './writer';

export interface NormaliseOptions {
  /** Where the layer goes. */
  store: BlobStore;
  position: LayerPosition;
  compression: Compression;
  /** Paths of entries that do not belong to the layer. */
  leaveOut?: ReadonlySet<string>;
}

/**
 * A layer with its entries in order, times that follow what is in it, and no user or group names;
 * modes, owners, extended attributes, links and whiteouts stay. The same files give the same bytes.
 *
 * It is read twice: once for what the times are made of. A layer out of order is read once more, by way
 * of a file in the system's temporary folder: what is held in memory then is the headers only.
 *
 * @param openTar gives the uncompressed tar from its start, each time that it is called
 * @param listed what is in it, by whoever has read it already: it is read once less
 * @throws OciError `TAR_DAMAGED`
 */
export async function normaliseLayer(
  openTar: () => Promise<Readable>,
  options: NormaliseOptions,
  listed?: Listing,
): Promise<WrittenLayer> {
  const { store, compression, position, leaveOut } = options;
  const inOrder = listed
    ? listed.isInOrder && asListed(listed, position)
    : await timeInOrder(await openTar(), position, leaveOut);
  const writer = await LayerWriter.start(store, compression);
  try {
    if (inOrder) {
      for await (const item of itemsOf(await openTar(), leaveOut))
        if (item.entry.type !== 'hardlink') await writeItem(writer, item, inOrder.timeS);
      for (const link of inOrder.links) await writer.add(timed(link, inOrder.timeS));
    } else await sort(openTar, writer, options, listed);
    return await writer.finish();
  } finally {
    await writer.discard();
  }
}

function asListed({ entries }: Listing, position: LayerPosition) {
  const links = entries.map(({ entry }) => entry).filter(({ type }) => type === 'hardlink');
  return { timeS: layerTime(entries, position), links };
}

async function writeItem(writer: LayerWriter, item: TarItem, timeS: number) {
  const entry = timed(item.entry, timeS);
  if (entry.type !== 'file') return writer.add(entry);
  if (!isPyc(entry)) return writer.add(entry, item.content());
  return writer.add(entry, normalisePyc(entry, await contentOf(item)));
}

async function sort(
  openTar: () => Promise<Readable>,
  writer: LayerWriter,
  { position, leaveOut }: NormaliseOptions,
  listed?: Listing,
): Promise<void> {
  const { entries } = listed ?? (await listLayer(await openTar(), leaveOut));
  const timeS = layerTime(entries, position);
  const spoolPath = join(tmpdir(), `excel2doc-layer-${randomName()}`);
  const spool = await open(spoolPath, 'wx+', 0o600);
  try {
    const offsets = await spoolTar(await openTar(), spool, leaveOut);
    for (const { entry } of entries)
      await writeItem(writer, spooled(spoolPath, entry, offsets.get(entry.path) ?? 0), timeS);
  } finally {
    await spool.close();
    await rm(spoolPath, { force: true });
  }
}

/** Where each file's content begins; of two entries for one path, the later one's. */
async function spoolTar(tar: Readable, spool: FileHandle, leaveOut?: ReadonlySet<string>) {
  const offsets = new Map<string, number>();
  let offset = 0;
  for await (const item of itemsOf(tar, leaveOut)) {
    if (item.entry.type !== 'file') continue;
    offsets.set(item.entry.path, offset);
    for await (const chunk of item.content()) {
      await spool.write(chunk, 0, chunk.length, offset);
      offset += chunk.length;
    }
  }
  return offsets;
}

function spooled(path: string, entry: TarItem['entry'], offset: number): TarItem {
  return {
    entry,
    async *content() {
      if (entry.sizeBytes === 0) return;
      yield* createReadStream(path, { start: offset, end: offset + entry.sizeBytes - 1 });
    },
  };
}
