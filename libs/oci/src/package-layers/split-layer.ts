import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlobStore } from '../blob/store';
import { decompressed } from '../layer/compression';
import { type NormaliseOptions, normaliseLayer } from '../layer/normalise';
import { byOrder, orderKey } from '../layer/order';
import { isPyc, normalisePyc } from '../layer/pyc';
import type { WrittenLayer } from '../layer/writer';
import type { TarEntry } from '../tar/entry';
import { readTar, type TarItem } from '../tar/read';
import { hasRoomFor } from './groups';
import { isPackageList } from './owners';
import { partition, type Partition } from './partition';
import { WriterQueue } from './writer-queue';

/** A file up to here is read whole, so that its layer is packed while the next is read. */
const SMALL_BYTES = 1 << 20;

/**
 * A layer as several, one a package or a bucket of small ones, each normalised as `normaliseLayer`
 * does it; just what that gives where the layer has no packages. The same files give the same layers.
 *
 * @param openTar gives the uncompressed tar from its start, each time that it is called
 * @param below how many layers the image has already: where several more are too many, it is one
 * @returns the lowest first
 * @throws OciError `TAR_DAMAGED`
 */
export async function splitLayer(
  openTar: () => Promise<Readable>,
  options: Omit<NormaliseOptions, 'leaveOut'>,
  below = 0,
): Promise<WrittenLayer[]> {
  const listing = await list(await openTar());
  const parts = partition(listing.entries, listing.lists);
  if (!parts || !hasRoomFor(parts.count, below)) return [await normaliseLayer(openTar, options)];
  if (listing.isInOrder) return write(openTar, parts, options);
  return sorted(openTar, options, (inOrder) => write(inOrder, parts, options));
}

async function list(tar: Readable) {
  const entries: TarEntry[] = [];
  const lists = new Map<string, string>();
  let isInOrder = true;
  let last: string | undefined;
  for await (const item of readTar(tar)) {
    const { entry } = item;
    entries.push(entry);
    if (entry.type !== 'hardlink') {
      const key = orderKey(entry.path);
      if (last !== undefined && key <= last) isInOrder = false;
      last = key;
    }
    if (isPackageList(entry)) lists.set(entry.path, (await contentOf(item)).toString('utf8'));
  }
  return { entries, lists, isInOrder };
}

/** What is out of order, which BuildKit's exports nearly never are, is sorted on the disk first. */
async function sorted<T>(
  openTar: () => Promise<Readable>,
  { epochS }: Pick<NormaliseOptions, 'epochS'>,
  use: (openTar: () => Promise<Readable>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'excel2doc-split-'));
  try {
    const store = new BlobStore(folder, { durable: false });
    const whole = await normaliseLayer(openTar, { store, epochS, compression: 'gzip' });
    return await use(async () => decompressed(await store.open(whole.digest), whole.mediaType));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(
  openTar: () => Promise<Readable>,
  parts: Partition,
  { store, epochS, compression }: NormaliseOptions,
): Promise<WrittenLayer[]> {
  const queue = await WriterQueue.start(store, compression, parts.count);
  try {
    const links: TarEntry[] = [];
    for await (const item of readTar(await openTar())) {
      const entry = { ...item.entry, mtimeS: epochS };
      if (entry.type === 'hardlink') links.push(entry);
      else if (entry.type === 'file') await writeFile(queue, parts, { ...item, entry }, epochS);
      else for (const at of parts.layersOf(entry.path)) await queue.add(at, entry);
    }
    for (const link of links.sort(byOrder)) await queue.add(parts.layersOf(link.path)[0]!, link);
    return await queue.finish();
  } finally {
    await queue.discard();
  }
}

async function writeFile(queue: WriterQueue, parts: Partition, item: TarItem, epochS: number) {
  const { entry } = item;
  const at = parts.layersOf(entry.path)[0]!;
  if (isPyc(entry)) await queue.add(at, entry, normalisePyc(entry, await contentOf(item), epochS));
  else if (entry.sizeBytes <= SMALL_BYTES) await queue.add(at, entry, await contentOf(item));
  else await queue.addStream(at, entry, item.content());
}

async function contentOf(item: TarItem): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of item.content()) parts.push(chunk);
  return Buffer.concat(parts);
}
