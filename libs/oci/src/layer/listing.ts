import type { Readable } from 'node:stream';
import { type Digest, digestOf, Hasher } from '../digest';
import type { TarEntry } from '../tar/entry';
import { readTar, type TarItem } from '../tar/read';
import { byOrder, orderKey } from './order';
import { isPyc, normalisePyc } from './pyc';
import { type LayerPosition, LayerTime, type Listed } from './times';

/** What is in a tar, as it will stand in a layer. */
export interface Listing {
  /** In a layer's order, each path once, hard links last: a link has to come after its target. */
  entries: Listed[];
  /** Whether the tar has them in that order, but for the hard links. */
  isInOrder: boolean;
}

/**
 * Reads a layer through, for what has to be known before its first byte is written.
 *
 * @param onText is given the content of the files that it wants
 * @throws OciError `TAR_DAMAGED`
 */
export async function listLayer(
  tar: Readable,
  leaveOut?: ReadonlySet<string>,
  onText?: { wants: (entry: TarEntry) => boolean; take: (path: string, text: string) => void },
): Promise<Listing> {
  // Of two entries for one path the later one is what an engine ends up with.
  const byPath = new Map<string, Listed>();
  const order = new Order();
  let isInOrder = true;
  for await (const item of itemsOf(tar, leaveOut)) {
    const { entry } = item;
    if (byPath.has(entry.path) || !order.goesOnWith(entry)) isInOrder = false;
    const listed: Listed = { entry };
    if (onText?.wants(entry)) {
      const content = await contentOf(item);
      listed.contentDigest = digestOf(content);
      onText.take(entry.path, content.toString('utf8'));
    } else if (entry.type === 'file') listed.contentDigest = await digestOfFile(item);
    byPath.set(entry.path, listed);
  }
  const isLink = ({ entry }: Listed) => Number(entry.type === 'hardlink');
  const entries = [...byPath.values()].sort(
    (a, b) => isLink(a) - isLink(b) || byOrder(a.entry, b.entry),
  );
  return { entries, isInOrder };
}

/**
 * The time of a layer that is in order, and its hard links, as they will stand: nothing else of it is
 * held in memory.
 *
 * @returns null where it is not in order
 * @throws OciError `TAR_DAMAGED`
 */
export async function timeInOrder(
  tar: Readable,
  position: LayerPosition,
  leaveOut?: ReadonlySet<string>,
): Promise<{ timeS: number; links: TarEntry[] } | null> {
  const time = new LayerTime();
  const order = new Order();
  const links: TarEntry[] = [];
  for await (const item of itemsOf(tar, leaveOut)) {
    const { entry } = item;
    if (entry.type === 'hardlink') {
      links.push(entry);
      continue;
    }
    if (!order.goesOnWith(entry)) return null;
    const content = entry.type === 'file' && { contentDigest: await digestOfFile(item) };
    time.add({ entry, ...content });
  }
  links.sort(byOrder);
  if (links.some(({ path }, at) => at > 0 && links[at - 1]!.path === path)) return null;
  for (const entry of links) time.add({ entry });
  return { timeS: time.seconds(position), links };
}

/** Whether entries come in a layer's order; hard links stand for themselves. */
class Order {
  private last: string | undefined;

  goesOnWith({ type, path }: TarEntry): boolean {
    if (type === 'hardlink') return true;
    const key = orderKey(path);
    const goesOn = this.last === undefined || key > this.last;
    this.last = key;
    return goesOn;
  }
}

/** The entries of a tar, which is closed however that ends; those of `leaveOut` not. */
export async function* itemsOf(
  tar: Readable,
  leaveOut?: ReadonlySet<string>,
): AsyncGenerator<TarItem> {
  try {
    for await (const item of readTar(tar)) if (!leaveOut?.has(item.entry.path)) yield item;
  } finally {
    tar.destroy();
  }
}

/** The digest of a file's content as it will be in the layer. */
async function digestOfFile(item: TarItem): Promise<Digest> {
  if (isPyc(item.entry)) return digestOf(normalisePyc(item.entry, await contentOf(item)));
  const hasher = new Hasher();
  for await (const chunk of item.content()) hasher.update(chunk);
  return hasher.digest();
}

/** All of a file's content, for one that is known to be small. */
export async function contentOf(item: TarItem): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of item.content()) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}
