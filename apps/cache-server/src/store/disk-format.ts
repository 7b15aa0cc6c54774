import { z } from 'zod';
import type { Packing } from '../archive/packing';
import { FileSeal, sealedBytes } from '../encryption/file-seal';
import type { KeyRing } from '../encryption/key-ring';
import { keyText, type EntryKey } from '../entry-key';
import type { EntryRecord } from '../entry/entry-record';
import { magic, tailBytes, versions } from '../entry/footer';

const recordSchema = z.object({
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string(),
  createdAtMs: z.number(),
  writer: z.string(),
  outputs: z.array(z.string()),
  packing: z.enum(['gzip', 'zstd']).optional(),
  signature: z.string().optional(),
});
const sealedSchema = z.object({ keyId: z.string(), salt: z.string(), record: z.string() });

/** What a file is found to be. */
export interface Found {
  record: EntryRecord;
  seal: FileSeal | null;
}

/** The record of that entry, 'unreadable' without its key, null when it is not what was sealed. */
export function openRecord(
  raw: unknown,
  key: EntryKey,
  ring: KeyRing | null,
): { record: EntryRecord; seal: FileSeal } | 'unreadable' | null {
  const sealed = sealedSchema.safeParse(raw);
  if (!sealed.success) return null;
  const seal = ring && FileSeal.of(ring, sealed.data);
  if (!seal) return 'unreadable';
  try {
    const json = seal.openRecord(Buffer.from(sealed.data.record, 'base64url'), keyText(key));
    return { record: recordSchema.parse(JSON.parse(json.toString())), seal };
  } catch {
    return null;
  }
}

/**
 * What the last bytes of an entry's file say of it; null when they are not what `encodeFooter` wrote
 * for a file of that size, 'unreadable' when no key of ours opens it or, where there are keys, when it
 * is not sealed: what lies in the clear was not written by who has them.
 */
export function decodeFooter(
  end: Buffer,
  fileBytes: number,
  key: EntryKey,
  ring: KeyRing | null,
): Found | 'unreadable' | null {
  const tail = end.subarray(-tailBytes);
  if (tail.length < tailBytes || !tail.subarray(0, 8).equals(magic)) return null;
  const version = tail.readUInt32BE(8);
  const jsonBytes = tail.readUInt32BE(12);
  if (jsonBytes > end.length - tailBytes) return null;
  const lyingBytes = fileBytes - jsonBytes - tailBytes;
  const raw = jsonIn(end.subarray(end.length - tailBytes - jsonBytes, end.length - tailBytes));
  const kind = kindOf(version);
  if (kind?.isSealed) {
    const opened = openRecord(raw, key, ring);
    if (opened === null || opened === 'unreadable') return opened;
    const isWhole = sealedBytes(opened.record.sizeBytes) === lyingBytes;
    return isWhole && isPacked(opened.record, kind.packing) ? opened : null;
  }
  const record = recordSchema.safeParse(raw);
  if (!kind || !record.success || record.data.sizeBytes !== lyingBytes) return null;
  if (!isPacked(record.data, kind.packing)) return null;
  return ring ? 'unreadable' : { record: record.data, seal: null };
}

function kindOf(version: number): { packing: Packing; isSealed: boolean } | null {
  for (const packing of ['gzip', 'zstd'] as const) {
    const { plain, sealed } = versions[packing];
    if (version === plain || version === sealed) return { packing, isSealed: version === sealed };
  }
  return null;
}

/** The version is not sealed; the record is. */
function isPacked({ packing = 'gzip' }: EntryRecord, wanted: Packing): boolean {
  return packing === wanted;
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
