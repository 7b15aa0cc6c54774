import { hash } from 'node:crypto';
import { Normaliser } from '../archive/normaliser';
import { leaveBuffers } from '../archive/young-garbage';
import { sealWhole } from '../encryption/file-seal';
import { ArchiveFile } from './archive-file';
import type { ArchiveReply, ArchiveRequest, WantedFile, WrittenArchive } from './archive-messages';
import { isKept, nameBudget, normaliserOptions, writtenPacking } from './rules-of-writing';

type WholeRequest = Extract<ArchiveRequest, { kind: 'whole' }>;

/** Reads an archive of some blocks at once, and writes it anew: into a file, or for the reply. */
export async function readWhole(request: WholeRequest): Promise<ArchiveReply> {
  const { id, blocks, file } = request;
  const anew = writeAnew(request);
  if (!anew) return { id, kind: 'too-large' };
  const { archive, content } = anew;
  if (!file) return { id, kind: 'whole', archive, content: Buffer.from(content) };
  // Before anything is waited for: the content is the next one's then.
  const written = writeFile(file, content, archive);
  const isInBlock = blocks.length === 1 && isPutInto(blocks[0]!, content);
  return { id, kind: 'written', archive, entry: await written, isInBlock };
}

/** Null when it is too large. The content stays what it is until the next one is read. */
function writeAnew({
  blocks,
  maxBytes,
  rules,
}: WholeRequest): { archive: WrittenArchive; content: Buffer } | null {
  const received = blocks.length === 1 ? asBuffer(blocks[0]!) : inOne(blocks);
  let fill = 0;
  const take = (packed: Buffer) => {
    output = withRoom(output, fill, packed.length);
    fill += packed.copy(output, fill);
  };
  const normaliser = new Normaliser(rules.limits, nameBudget, take, normaliserOptions(rules));
  try {
    const summary = normaliser.whole(received, maxBytes);
    if (!summary) return null;
    const content = isKept(rules) ? received : output.subarray(0, fill);
    const archive = {
      packing: writtenPacking(rules),
      sizeBytes: content.length,
      sha256: hash('sha256', content),
      receivedSha256: rules.digestReceived ? hash('sha256', received) : null,
      contentSha256: summary.contentSha256,
      outputs: summary.outputs,
    };
    return { archive, content };
  } finally {
    leaveBuffers(2 * received.length);
    normaliser.release();
  }
}

/** All is written when it returns; it resolves when an entry is in its place. */
async function writeFile(wanted: WantedFile, content: Buffer, archive: WrittenArchive) {
  const file = new ArchiveFile(wanted);
  try {
    const end = file.footerOf(archive);
    const lying = file.seal ? sealWhole(file.seal, content) : content;
    file.write(end ? Buffer.concat([lying, end.footer]) : lying);
    return end && (await file.settle(end.record));
  } finally {
    file.close();
  }
}

/** Gives it back where it came from, so that no message carries it. False when it has no room there. */
function isPutInto(block: Uint8Array, content: Buffer): boolean {
  const room = new Uint8Array(block.buffer);
  if (content.length > room.length) return false;
  if (content.buffer !== block.buffer) room.set(content);
  return true;
}

/** What archives are written into before the file; one at a time, as nothing is waited for. */
let output: Buffer = Buffer.alloc(0);

let input: Buffer = Buffer.alloc(0);

/** Blocks one behind the other, until this is called again. */
function inOne(blocks: readonly Uint8Array[]): Buffer {
  let fill = 0;
  for (const block of blocks) {
    input = withRoom(input, fill, block.length);
    input.set(block, fill);
    fill += block.length;
  }
  return input.subarray(0, fill);
}

function withRoom(buffer: Buffer, fill: number, more: number): Buffer {
  if (fill + more <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, fill + more, 1024 * 1024));
  buffer.copy(larger, 0, 0, fill);
  return larger;
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
