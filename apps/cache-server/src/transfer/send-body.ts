import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { blockBytes, giveBlock, takeBlock } from './blocks';
import type { EntryFile } from './entry-file';
import { beginTransfer, areTransfersFew } from './in-flight';
import { SendRoom, type Reader } from './send-room';

/** What is sent: all of it when it is small, else an open file whose front it is. */
export interface Body {
  body: Buffer | EntryFile;
  /** To be called when nothing more is read. */
  close(): Promise<void>;
}

export interface SendRules {
  /** A reader that takes less than 64 KiB in this time is cut off. */
  stallMs: number;
  headers?: Record<string, string>;
  /** Where it begins, of a body of which the front is there already. */
  from?: number;
}

/** Answers with a body of `sizeBytes`; `close` is called when nothing more of it is read. */
export function sendBody(
  reply: FastifyReply,
  sizeBytes: number,
  { body, close }: Body,
  { stallMs, headers: extraHeaders = {}, from = 0 }: SendRules,
): FastifyReply {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': sizeBytes - from,
    ...extraHeaders,
  };
  if (Buffer.isBuffer(body)) {
    void close();
    return reply
      .code(from === 0 ? 200 : 206)
      .headers(headers)
      .send(body.subarray(from));
  }
  // Past Fastify, whose streams allocate every chunk anew and read the next one when one is sent.
  reply.hijack();
  // Its write's callback says it as well; without a listener it would end the process.
  reply.raw.on('error', () => undefined);
  reply.raw.writeHead(from === 0 ? 200 : 206, headers);
  const endTransfer = beginTransfer();
  sendFile(reply.raw, body, { sizeBytes, from, stallMs })
    .catch(() => reply.raw.destroy())
    .finally(endTransfer)
    .finally(close)
    .catch(() => undefined);
  return reply;
}

/** Blocks read at a time: each time wakes a thread, which takes longer than to read one. */
const blocksAtOnce = { few: 4, many: 2 };

const room = new SendRoom();

/** Reads some blocks while those before them are sent. */
async function sendFile(
  response: ServerResponse,
  file: EntryFile,
  { sizeBytes, from, stallMs }: { sizeBytes: number; from: number; stallMs: number },
): Promise<void> {
  const reader = room.enter(() => response.destroy());
  let at = from;
  let reading: Promise<Buffer[]> | null = readBlocks(reader, file, at, sizeBytes);
  try {
    while (reading) {
      const blocks: Buffer[] = await reading;
      for (const { length } of blocks) at += length;
      reading = at < sizeBytes ? readBlocks(reader, file, at, sizeBytes) : null;
      // It may fail while it is not waited for.
      reading?.catch(() => undefined);
      reader.waitsSinceMs = performance.now();
      try {
        await send(response, blocks, stallMs);
      } finally {
        room.sent(reader);
        giveBack(reader, blocks);
      }
    }
    response.end();
  } catch (error) {
    // What was read ahead is nobody's any more.
    await reading?.then(
      (blocks) => giveBack(reader, blocks),
      () => undefined,
    );
    throw error;
  } finally {
    room.leave(reader);
  }
}

/** The next blocks of the file, all full but for the last one. */
async function readBlocks(
  reader: Reader,
  file: EntryFile,
  at: number,
  sizeBytes: number,
): Promise<Buffer[]> {
  const most = areTransfersFew() ? blocksAtOnce.few : blocksAtOnce.many;
  const end = Math.min(sizeBytes, at + most * blockBytes);
  await room.take(reader, Math.ceil((end - at) / blockBytes));
  const blocks: Buffer[] = [];
  for (let start = at; start < end; start += blockBytes) {
    blocks.push(takeBlock().subarray(0, end - start));
  }
  try {
    const bytesRead = await file.readv(blocks, at);
    if (at + bytesRead < end) throw new Error('the file has become shorter');
    return blocks;
  } catch (error) {
    giveBack(reader, blocks);
    throw error;
  }
}

function giveBack(reader: Reader, blocks: Buffer[]): void {
  blocks.forEach(giveBlock);
  room.give(reader, blocks.length);
}

/** Resolves when the blocks have been handed to the system and may be filled anew. */
function send(response: ServerResponse, blocks: Buffer[], stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stalled = setTimeout(() => response.destroy(), stallMs * blocks.length);
    const onClose = () => {
      clearTimeout(stalled);
      reject(new Error('the reader went away'));
    };
    response.once('close', onClose);
    response.cork();
    for (const block of blocks.slice(0, -1)) response.write(block);
    response.write(blocks.at(-1)!, (error) => {
      clearTimeout(stalled);
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
    response.uncork();
  });
}
