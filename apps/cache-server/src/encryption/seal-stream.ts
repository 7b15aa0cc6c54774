import { Readable } from 'node:stream';
import { ChunkSealer, chunkBytes, tagBytes, type FileSeal } from './file-seal';

/** What came is not what was sealed. */
export class SealBroken extends Error {}

/** The content of a stream, sealed. */
export function sealStream(seal: FileSeal, content: Readable): Readable {
  return Readable.from(sealed(seal, content));
}

/** What `sealStream` sealed; it fails with `SealBroken` at the first chunk that does not open. */
export function openStream(seal: FileSeal, lying: Readable): Readable {
  return Readable.from(opened(seal, lying));
}

async function* sealed(seal: FileSeal, content: Readable): AsyncIterable<Buffer> {
  let ready: Buffer[] = [];
  const sealer = new ChunkSealer(seal, (chunk) => ready.push(chunk));
  for await (const part of content as AsyncIterable<Buffer>) {
    sealer.write(part);
    yield* ready;
    ready = [];
  }
  sealer.end();
  yield* ready;
}

async function* opened(seal: FileSeal, lying: Readable): AsyncIterable<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(chunkBytes + tagBytes);
  let fill = 0;
  let index = 0;
  const open = () => {
    try {
      return seal.openChunk(chunk.subarray(0, fill), index);
    } catch (cause) {
      throw new SealBroken(`chunk ${index} does not open`, { cause });
    }
  };
  for await (const part of lying as AsyncIterable<Buffer>) {
    for (let at = 0; at < part.length;) {
      const step = part.copy(chunk, fill, at);
      fill += step;
      at += step;
      if (fill < chunk.length) continue;
      yield open();
      index += 1;
      fill = 0;
    }
  }
  if (fill > 0) yield open();
}
