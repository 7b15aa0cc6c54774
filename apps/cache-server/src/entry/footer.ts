import type { FileSeal } from '../encryption/file-seal';
import { keyText, type EntryKey } from '../entry-key';
import { cutRecord, type EntryRecord } from './entry-record';

/**
 * A stored file is the content, then its record as JSON, then 16 bytes: a magic word, a version,
 * and the record's length. So an entry is one file, put in place in one step, and says itself what
 * it must hash to. In versions 2 and 4 content and record are sealed, and only which key opens them is
 * not. In 3 and 4 the content is zstd: a server that does not know it takes it for damage, not for gzip.
 */
export const magic = Buffer.from('E2DCACHE');
export const versions = { gzip: { plain: 1, sealed: 2 }, zstd: { plain: 3, sealed: 4 } };
export const tailBytes = 16;
/** Large enough for any record, so that one read brings it. */
export const maxFooterBytes = 8 * 1024;
/** What a sealed record takes beside itself, in base64: key, salt, tag, names of the fields. */
const maxSealedRecordBytes = 5 * 1024;

/** A record whose text says nothing without the key. */
export interface SealedRecord {
  keyId: string;
  salt: string;
  record: string;
}

/** What stands behind the content in the file of that entry. */
export function encodeFooter(record: EntryRecord, key: EntryKey, seal: FileSeal | null): Buffer {
  const json = seal
    ? Buffer.from(JSON.stringify(sealRecord(record, key, seal)))
    : jsonOf(record, maxFooterBytes - tailBytes);
  const tail = Buffer.alloc(tailBytes);
  magic.copy(tail);
  const ofPacking = versions[record.packing ?? 'gzip'];
  tail.writeUInt32BE(seal ? ofPacking.sealed : ofPacking.plain, 8);
  tail.writeUInt32BE(json.length, 12);
  return Buffer.concat([json, tail]);
}

/** A record as texts that say nothing without the key; of an entry, so that it is of no other's use. */
export function sealRecord(
  record: EntryRecord,
  key: EntryKey,
  seal: FileSeal,
  maxBytes = maxSealedRecordBytes,
): SealedRecord {
  const sealed = seal.sealRecord(jsonOf(record, maxBytes), keyText(key));
  return { ...seal.name, record: sealed.toString('base64url') };
}

/** A record as JSON that `decodeFooter` takes: of what is for people only, no more than fits. */
function jsonOf(record: EntryRecord, maxBytes: number): Buffer {
  const short = cutRecord(record);
  for (;;) {
    const json = Buffer.from(JSON.stringify(short));
    if (json.length <= maxBytes) return json;
    if (short.outputs.length > 0) short.outputs = short.outputs.slice(0, -1);
    else short.writer = short.writer.slice(0, short.writer.length / 2);
  }
}
