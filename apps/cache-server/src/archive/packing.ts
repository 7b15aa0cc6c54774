import * as zlib from 'node:zlib';
import type { InflateRaw } from 'node:zlib';
import type { Transform } from 'node:stream';

/** How an archive's tar is packed: as gzip, which is all that Nx reads, or as zstd between programs of ours. */
export type Packing = 'gzip' | 'zstd';

/** What a reader keeps in memory of what came before; a frame that needs more is refused. */
const windowLog = 19;
export const maxWindowBytes = 2 ** windowLog;
const level = 3;

/** node:zlib has zstd from Node 22.15 on; the types of Node 20 do not know of it. */
const zstd = zlib as unknown as {
  createZstdCompress?: (options: object) => Transform;
  createZstdDecompress: (options: object) => InflateRaw;
  zstdDecompressSync: (packed: Buffer, options: object) => Buffer;
  constants: Record<string, number>;
};

export const hasZstd = zstd.createZstdCompress !== undefined;

/** Packs a tar as `ZstdFrame` takes it: a checksum, and a window that costs a reader little. */
export function zstdPacker(): Transform {
  const { constants } = zstd;
  const params = {
    [constants['ZSTD_c_compressionLevel']!]: level,
    [constants['ZSTD_c_checksumFlag']!]: 1,
    [constants['ZSTD_c_windowLog']!]: windowLog,
  };
  return withZstd().createZstdCompress!({ params });
}

export function zstdUnpacker(chunkBytes: number): InflateRaw {
  return withZstd().createZstdDecompress({ chunkSize: chunkBytes, params: readerParams() });
}

/** @throws what node:zlib throws; `ERR_BUFFER_TOO_LARGE` above `maxBytes` */
export function unzstdSync(packed: Buffer, maxBytes: number): Buffer {
  const options = { maxOutputLength: maxBytes, params: readerParams() };
  return withZstd().zstdDecompressSync(packed, options);
}

const readerParams = () => ({ [zstd.constants['ZSTD_d_windowLogMax']!]: windowLog });

/** @throws where this Node has none: no fault of the archive's */
export function requireZstd(): void {
  if (hasZstd) return;
  throw new Error(`Node ${process.versions.node} has no zstd; it takes 22.15 or newer`);
}

function withZstd(): typeof zstd {
  requireZstd();
  return zstd;
}
