import { z } from 'zod';
import { cutRecord, type EntryRecord } from './store';

/**
 * A stored file is the content, then its record as JSON, then 16 bytes: a magic word, a version,
 * and the record's length. So an entry is one file, put in place in one step, and says itself what
 * it must hash to.
 */
const magic = Buffer.from('E2DCACHE');
const version = 1;
export const tailBytes = 16;
/** Large enough for any record, so that one read brings it. */
export const maxFooterBytes = 8 * 1024;

const recordSchema = z.object({
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string(),
  createdAtMs: z.number(),
  writer: z.string(),
  outputs: z.array(z.string()),
  signature: z.string().optional(),
});

export function encodeFooter(record: EntryRecord): Buffer {
  const json = jsonOf(record);
  const tail = Buffer.alloc(tailBytes);
  magic.copy(tail);
  tail.writeUInt32BE(version, 8);
  tail.writeUInt32BE(json.length, 12);
  return Buffer.concat([json, tail]);
}

/** A record as JSON that `decodeFooter` takes: of what is for people only, no more than fits. */
function jsonOf(record: EntryRecord): Buffer {
  const short = cutRecord(record);
  for (;;) {
    const json = Buffer.from(JSON.stringify(short));
    if (json.length <= maxFooterBytes - tailBytes) return json;
    if (short.outputs.length > 0) short.outputs = short.outputs.slice(0, -1);
    else short.writer = short.writer.slice(0, short.writer.length / 2);
  }
}

/**
 * The record in the last bytes of a file, or null when they are not what `encodeFooter` wrote for a
 * file of that size.
 */
export function decodeFooter(end: Buffer, fileBytes: number): EntryRecord | null {
  const tail = end.subarray(-tailBytes);
  if (tail.length < tailBytes || !tail.subarray(0, 8).equals(magic)) return null;
  if (tail.readUInt32BE(8) !== version) return null;
  const jsonBytes = tail.readUInt32BE(12);
  if (jsonBytes > end.length - tailBytes) return null;
  try {
    const json = end.toString('utf8', end.length - tailBytes - jsonBytes, end.length - tailBytes);
    const record = recordSchema.parse(JSON.parse(json));
    return record.sizeBytes === fileBytes - jsonBytes - tailBytes ? record : null;
  } catch {
    return null;
  }
}
