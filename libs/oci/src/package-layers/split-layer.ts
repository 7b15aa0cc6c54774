import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlobStore } from '../blob/store';
import { decompressed } from '../layer/compression';
import { type NormaliseOptions, normaliseLayer } from '../layer/normalise';
import { contentOf, itemsOf, type Listing, listLayer } from '../layer/listing';
import { byOrder } from '../layer/order';
import { isPyc, normalisePyc } from '../layer/pyc';
import { type LayerPosition, layerTime, type Listed, timed } from '../layer/times';
import type { WrittenLayer } from '../layer/writer';
import type { TarEntry } from '../tar/entry';
import type { TarItem } from '../tar/read';
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
  const lists = new Map<string, string>();
  const listing = await listLayer(await openTar(), undefined, {
    wants: isPackageList,
    take: (path, text) => void lists.set(path, text),
  });
  const { entries, isInOrder } = listing;
  const parts = partition(
    entries.map(({ entry }) => entry),
    lists,
  );
  if (!parts || !hasRoomFor(parts.count, below))
    return [await normaliseLayer(openTar, options, listing)];
  const timesS = timesOf(entries, parts, options.position);
  if (isInOrder) return write(openTar, parts, timesS, options);
  return sorted(openTar, listing, options, (inOrder) => write(inOrder, parts, timesS, options));
}

/** The time of each part's files. */
function timesOf(entries: readonly Listed[], parts: Partition, position: LayerPosition): number[] {
  const split = Array.from({ length: parts.count }, (): Listed[] => []);
  for (const listed of entries)
    for (const at of parts.layersOf(listed.entry.path)) split[at]!.push(listed);
  return split.map((part) => layerTime(part, position));
}

/** What is out of order, which BuildKit's exports nearly never are, is sorted on the disk first. */
async function sorted<T>(
  openTar: () => Promise<Readable>,
  listing: Listing,
  { position }: Pick<NormaliseOptions, 'position'>,
  use: (openTar: () => Promise<Readable>) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'excel2doc-split-'));
  try {
    const store = new BlobStore(folder, { durable: false });
    const options = { store, position, compression: 'gzip' } as const;
    const whole = await normaliseLayer(openTar, options, listing);
    return await use(async () => decompressed(await store.open(whole.digest), whole.mediaType));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(
  openTar: () => Promise<Readable>,
  parts: Partition,
  timesS: readonly number[],
  { store, compression }: NormaliseOptions,
): Promise<WrittenLayer[]> {
  const queue = await WriterQueue.start(store, compression, parts.count);
  try {
    const links: TarEntry[] = [];
    for await (const item of itemsOf(await openTar())) {
      const { entry } = item;
      if (entry.type === 'hardlink') links.push(entry);
      else if (entry.type === 'file') await writeFile(queue, parts, timesS, item);
      else
        for (const at of parts.layersOf(entry.path)) await queue.add(at, timed(entry, timesS[at]!));
    }
    for (const link of links.sort(byOrder)) {
      const at = parts.layersOf(link.path)[0]!;
      await queue.add(at, timed(link, timesS[at]!));
    }
    return await queue.finish();
  } finally {
    await queue.discard();
  }
}

async function writeFile(
  queue: WriterQueue,
  parts: Partition,
  timesS: readonly number[],
  item: TarItem,
) {
  const at = parts.layersOf(item.entry.path)[0]!;
  const entry = timed(item.entry, timesS[at]!);
  if (isPyc(entry)) await queue.add(at, entry, normalisePyc(entry, await contentOf(item)));
  else if (entry.sizeBytes <= SMALL_BYTES) await queue.add(at, entry, await contentOf(item));
  else await queue.addStream(at, entry, item.content());
}
