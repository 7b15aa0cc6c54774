import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type BlobStore, randomName } from '../blob/store';
import { readTar, type TarItem } from '../tar/read';
import type { Compression } from './compression';
import { contentOf, type Listing, listLayer } from './listing';
import { isPyc, normalisePyc } from './pyc';
import { layerTime, type Maker, timed } from './times';
import { LayerWriter, type WrittenLayer } from './writer';

export interface NormaliseOptions {
  /** Where the layer goes. */
  store: BlobStore;
  maker: Maker;
  compression: Compression;
  /** Paths of entries that do not belong to the layer. */
  leaveOut?: ReadonlySet<string>;
}

/**
 * A layer with its entries in order, times that follow what is in it, and no user or group names;
 * modes, owners, extended attributes, links and whiteouts stay. The same files give the same bytes.
 *
 * It is read twice: once for what the times are made of. A layer out of order goes by way of a file in
 * the system's temporary folder: what is held in memory is the headers only.
 *
 * @param openTar gives the uncompressed tar from its start, each time that it is called
 * @throws OciError `TAR_DAMAGED`
 */
export async function normaliseLayer(
  openTar: () => Promise<Readable>,
  options: NormaliseOptions,
): Promise<WrittenLayer> {
  const listing = await listLayer(await openTar(), options.leaveOut);
  const timeS = layerTime(listing.entries, options.maker);
  const writer = await LayerWriter.start(options.store, options.compression);
  try {
    await (listing.isInOrder ? copyInOrder : sort)(
      await openTar(),
      writer,
      listing,
      timeS,
      options,
    );
    return await writer.finish();
  } finally {
    await writer.discard();
  }
}

type Copy = (
  tar: Readable,
  writer: LayerWriter,
  listing: Listing,
  timeS: number,
  options: NormaliseOptions,
) => Promise<void>;

const copyInOrder: Copy = async (tar, writer, { entries }, timeS, { leaveOut }) => {
  try {
    for await (const item of readTar(tar)) {
      if (item.entry.type !== 'hardlink' && !leaveOut?.has(item.entry.path))
        await writeItem(writer, item, timeS);
    }
  } finally {
    tar.destroy();
  }
  for (const { entry } of entries)
    if (entry.type === 'hardlink') await writer.add(timed(entry, timeS));
};

async function writeItem(writer: LayerWriter, item: TarItem, timeS: number) {
  const entry = timed(item.entry, timeS);
  if (entry.type !== 'file') return writer.add(entry);
  if (!isPyc(entry)) return writer.add(entry, item.content());
  return writer.add(entry, normalisePyc(entry, await contentOf(item)));
}

const sort: Copy = async (tar, writer, { entries }, timeS, options) => {
  const spoolPath = join(tmpdir(), `excel2doc-layer-${randomName()}`);
  const spool = await open(spoolPath, 'wx+', 0o600);
  try {
    const offsets = await spoolTar(tar, spool, options);
    for (const { entry } of entries)
      await writeItem(writer, spooled(spoolPath, entry, offsets.get(entry.path)!), timeS);
  } finally {
    await spool.close();
    await rm(spoolPath, { force: true });
  }
};

/** Where each file's content begins; of two entries for one path, the later one's. */
async function spoolTar(tar: Readable, spool: FileHandle, { leaveOut }: NormaliseOptions) {
  const offsets = new Map<string, number>();
  let offset = 0;
  for await (const item of readTar(tar)) {
    if (item.entry.type !== 'file' || leaveOut?.has(item.entry.path)) continue;
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
