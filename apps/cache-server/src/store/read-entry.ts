import { createHash, hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { openWhole, sealedBytes } from '../encryption/file-seal';
import type { KeyRing } from '../encryption/key-ring';
import type { EntryKey } from '../entry-key';
import { systemCode } from '../error';
import { blockBytes, giveBlock, takeBlock } from '../transfer/blocks';
import { PlainFile, SealedFile, type EntryFile } from '../transfer/entry-file';
import { maxFooterBytes } from '../entry/footer';
import { decodeFooter, type Found } from './disk-format';
import type { OpenEntry } from './store';

/** What the file says that it is; its content is not looked at. See `decodeFooter`. */
export async function findIn(
  handle: FileHandle,
  fileBytes: number,
  key: EntryKey,
  ring: KeyRing | null,
): Promise<Found | 'unreadable' | null> {
  const end = Buffer.allocUnsafe(Math.min(maxFooterBytes, fileBytes));
  await handle.read(end, 0, end.length, fileBytes - end.length);
  return decodeFooter(end, fileBytes, key, ring);
}

/** A file of a few blocks, read and checked at once. */
export async function readSmall(
  handle: FileHandle,
  fileBytes: number,
  key: EntryKey,
  ring: KeyRing | null,
): Promise<OpenEntry | 'unreadable' | null> {
  const file = Buffer.allocUnsafeSlow(fileBytes);
  const { bytesRead } = await handle.read(file, 0, file.length, 0);
  const found = bytesRead === file.length ? decodeFooter(file, file.length, key, ring) : null;
  if (!found || found === 'unreadable') return found;
  const { record, seal } = found;
  const body = seal
    ? openedOrNull(() => openWhole(seal, file.subarray(0, sealedBytes(record.sizeBytes))))
    : file.subarray(0, record.sizeBytes);
  return body && hash('sha256', body) === record.sha256
    ? { record, body, close: async () => undefined }
    : null;
}

export function contentIn(handle: FileHandle, { record: { sizeBytes }, seal }: Found): EntryFile {
  return seal ? new SealedFile(handle, sizeBytes, seal) : new PlainFile(handle, sizeBytes);
}

/** The SHA-256 of a content; null when it is sealed and does not open, which is damage. */
export async function digestOf(file: EntryFile, sizeBytes: number): Promise<string | null> {
  const digest = createHash('sha256');
  const block = takeBlock();
  try {
    for (let at = 0; at < sizeBytes;) {
      const wanted = block.subarray(0, Math.min(blockBytes, sizeBytes - at));
      const bytesRead = await file.readv([wanted], at);
      if (bytesRead === 0) break;
      digest.update(wanted.subarray(0, bytesRead));
      at += bytesRead;
    }
    return digest.digest('hex');
  } catch (error) {
    // What the system refuses is no damage of this file's.
    if (/^E[A-Z]+$/.test(systemCode(error) ?? '')) throw error;
    return null;
  } finally {
    giveBlock(block);
  }
}

function openedOrNull(open: () => Buffer): Buffer | null {
  try {
    return open();
  } catch {
    return null;
  }
}
