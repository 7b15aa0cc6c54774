import type { FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { OpenEntry } from '../store/store';
import { giveBlock, takeBlock } from '../upload/blocks';

/** Answers with a body of `sizeBytes`; `close` is called when nothing more of it is read. */
export function sendBody(
  reply: FastifyReply,
  sizeBytes: number,
  { body, close }: Pick<OpenEntry, 'body' | 'close'>,
  extraHeaders: Record<string, string> = {},
): FastifyReply {
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': sizeBytes,
    ...extraHeaders,
  };
  if (Buffer.isBuffer(body)) {
    void close();
    return reply.headers(headers).send(body);
  }
  // Past Fastify, whose streams allocate every chunk anew and read the next one when one is sent.
  reply.hijack();
  // Its write's callback says it as well; without a listener it would end the process.
  reply.raw.on('error', () => undefined);
  reply.raw.writeHead(200, headers);
  sendFile(reply.raw, body, sizeBytes)
    .catch(() => reply.raw.destroy())
    .finally(close)
    .catch(() => undefined);
  return reply;
}

/** Reads a block while the one before it is sent. */
async function sendFile(
  response: ServerResponse,
  handle: FileHandle,
  sizeBytes: number,
): Promise<void> {
  let at = 0;
  let reading: Promise<Buffer> | null = readBlock(handle, at, sizeBytes);
  while (reading) {
    const block: Buffer = await reading;
    at += block.length;
    reading = at < sizeBytes ? readBlock(handle, at, sizeBytes) : null;
    // It may fail while it is not waited for.
    reading?.catch(() => undefined);
    await send(response, block);
    giveBlock(block);
  }
  response.end();
}

async function readBlock(handle: FileHandle, at: number, sizeBytes: number): Promise<Buffer> {
  const block = takeBlock();
  const { bytesRead } = await handle.read(block, 0, Math.min(block.length, sizeBytes - at), at);
  if (bytesRead === 0) throw new Error('the file has become shorter');
  return block.subarray(0, bytesRead);
}

/** Resolves when the block has been handed to the system and may be filled anew. */
function send(response: ServerResponse, block: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the reader went away'));
    response.once('close', onClose);
    response.write(block, (error) => {
      response.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
