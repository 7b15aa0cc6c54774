import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { readTar, type TarItem } from '../tar/read';
import { byOrder, orderKey } from './order';
import { isPyc, normalisePyc } from './pyc';
import type { Listed } from './times';

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
 * @param leaveOut paths of entries that do not belong to the layer
 * @param onText is given the content of the files that it wants
 * @throws OciError `TAR_DAMAGED`
 */
export async function listLayer(
  tar: Readable,
  leaveOut?: ReadonlySet<string>,
  onText?: {
    wants: (entry: Listed['entry']) => boolean;
    take: (path: string, text: string) => void;
  },
): Promise<Listing> {
  // Of two entries for one path the later one is what an engine ends up with.
  const byPath = new Map<string, Listed>();
  let isInOrder = true;
  let last: string | undefined;
  try {
    for await (const item of readTar(tar)) {
      const { entry } = item;
      if (leaveOut?.has(entry.path)) continue;
      if (byPath.has(entry.path)) isInOrder = false;
      if (entry.type !== 'hardlink') {
        const key = orderKey(entry.path);
        if (last !== undefined && key <= last) isInOrder = false;
        last = key;
      }
      const listed: Listed = { entry };
      if (onText?.wants(entry)) {
        const content = await contentOf(item);
        listed.contentDigest = digestOf(content);
        onText.take(entry.path, content.toString('utf8'));
      } else if (entry.type === 'file') listed.contentDigest = await digestOfFile(item);
      byPath.set(entry.path, listed);
    }
  } finally {
    tar.destroy();
  }
  const isLink = ({ entry }: Listed) => Number(entry.type === 'hardlink');
  const entries = [...byPath.values()].sort(
    (a, b) => isLink(a) - isLink(b) || byOrder(a.entry, b.entry),
  );
  return { entries, isInOrder };
}

/** The digest of a file's content as it will be in the layer. */
async function digestOfFile(item: TarItem): Promise<string> {
  if (isPyc(item.entry)) return digestOf(normalisePyc(item.entry, await contentOf(item)));
  const hash = createHash('sha256');
  for await (const chunk of item.content()) hash.update(chunk);
  return hash.digest('hex');
}

/** All of a file's content, for one that is known to be small. */
export async function contentOf(item: TarItem): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of item.content()) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
