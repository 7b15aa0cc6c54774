import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { zstdPacker, zstdUnpacker, type Packing } from '../archive/packing';
import { blockBytes } from './blocks';

/** A body of ours, packed another way on its way out; what breaks it breaks what comes of it. */
export function repacked(body: Readable, from: Packing, to: Packing): Readable {
  if (from === to) return body;
  const unpacker =
    from === 'zstd' ? zstdUnpacker(blockBytes) : createGunzip({ chunkSize: blockBytes });
  const packer = to === 'zstd' ? zstdPacker() : createGzip({ level: 1 });
  return pipeline(body, unpacker, packer, () => undefined);
}
