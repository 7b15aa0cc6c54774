import { parentPort } from 'node:worker_threads';
import { CacheError, systemCode } from '../error';
import type { ArchiveReply, ArchiveRequest } from './archive-messages';
import { StreamedArchive } from './streamed-archive';
import { readWhole } from './whole-archive';

/**
 * The side of a thread: it unpacks, inspects, packs, digests and writes, so that no archive, however
 * hostile, keeps the server from answering others.
 */

const streamed = new Map<number, StreamedArchive>();

async function answer(request: ArchiveRequest): Promise<ArchiveReply> {
  const { id } = request;
  switch (request.kind) {
    case 'whole':
      return readWhole(request);
    case 'open':
      streamed.set(id, new StreamedArchive(request.file, request.rules));
      return { id, kind: 'taken' };
    case 'block': {
      const { buffer, byteOffset, byteLength } = request.block;
      await streamed.get(id)!.block(Buffer.from(buffer, byteOffset, byteLength));
      return { id, kind: 'taken' };
    }
    case 'end': {
      const ended = await streamed.get(id)!.end();
      close(id);
      return { id, kind: 'written', ...ended, isInBlock: false };
    }
    case 'abandon':
      close(id);
      return { id, kind: 'taken' };
  }
}

function close(id: number): void {
  streamed.get(id)?.close();
  streamed.delete(id);
}

function failure(id: number, error: unknown): ArchiveReply {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CacheError) return { id, kind: 'failed', code: error.code, message };
  const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
  return isFull
    ? { id, kind: 'failed', code: 'DISK_FULL', message: 'no space is left for uploads' }
    : { id, kind: 'failed', code: null, message };
}

parentPort!.on('message', (request: ArchiveRequest) => {
  answer(request).then(
    (reply) => parentPort!.postMessage(reply),
    (error: unknown) => {
      close(request.id);
      parentPort!.postMessage(failure(request.id, error));
    },
  );
});
