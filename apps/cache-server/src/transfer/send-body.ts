import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { blockBytes, giveBlock, takeBlock } from './blocks';
import type { EntryFile } from './entry-file';
import { beginTransfer, areTransfersFew } from './in-flight';

/** What is sent: all of it when it is small, else an open file whose front it is. */
export interface Body {
  body: Buffer | EntryFile;
  /** To be called when nothing more is read. */
  close(): Promise<void>;
}

/** Answers with a body of `sizeBytes`, or the end of it that begins at `from`; `close` is called when nothing more of it is read. */
export function sendBody(
  reply: FastifyReply,
  sizeBytes: number,
  { body, close }: Body,
  extraHeaders: Record<string, string> = {},
  from = 0,
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
  sendFile(reply.raw, body, sizeBytes, from)
    .catch(() => reply.raw.destroy())
    .finally(endTransfer)
    .finally(close)
    .catch(() => undefined);
  return reply;
}

/** Blocks read at a time: each time wakes a thread, which takes longer than to read one. */
const blocksAtOnce = { few: 4, many: 2 };

/** Reads some blocks while those before them are sent. */
async function sendFile(
  response: ServerResponse,
  file: EntryFile,
  sizeBytes: number,
  from: number,
): Promise<void> {
  let at = from;
  let reading: Promise<Buffer[]> | null = readBlocks(file, at, sizeBytes);
  while (reading) {
    const blocks: Buffer[] = await reading;
    for (const { length } of blocks) at += length;
    reading = at < sizeBytes ? readBlocks(file, at, sizeBytes) : null;
    // It may fail while it is not waited for.
    reading?.catch(() => undefined);
    await send(response, blocks);
    blocks.forEach(giveBlock);
  }
  response.end();
}

/** The next blocks of the file, all full but for the last one. */
async function readBlocks(file: EntryFile, at: number, sizeBytes: number): Promise<Buffer[]> {
  const most = areTransfersFew() ? blocksAtOnce.few : blocksAtOnce.many;
  const end = Math.min(sizeBytes, at + most * blockBytes);
  const blocks: Buffer[] = [];
  for (let start = at; start < end; start += blockBytes) {
    blocks.push(takeBlock().subarray(0, end - start));
  }
  const bytesRead = await file.readv(blocks, at);
  if (at + bytesRead < end) throw new Error('the file has become shorter');
  return blocks;
}

/** Resolves when the blocks have been handed to the system and may be filled anew. */
function send(response: ServerResponse, blocks: Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the reader went away'));
    response.once('close', onClose);
    response.cork();
    for (const block of blocks.slice(0, -1)) response.write(block);
    response.write(blocks.at(-1)!, (error) => {
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
    response.uncork();
  });
}
