import type { Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { piped } from '../blob/piped';
import { OciError } from '../error';
import { MEDIA_TYPES } from '../image/types';

export type Compression = 'gzip' | 'zstd';

export const LAYER_MEDIA_TYPES: Record<Compression, string> = {
  gzip: MEDIA_TYPES.layerGzip,
  zstd: MEDIA_TYPES.layerZstd,
};

/** Measured on a Python venv: see README.md. Part of the digests: a change rebuilds every layer. */
const GZIP = { level: 4, memLevel: 8, windowBits: 15, chunkSize: 1 << 17 };

/** node:zlib has zstd from Node 22.15 on. */
const zstd = zlib as unknown as {
  createZstdCompress?: (options: object) => Transform;
  createZstdDecompress?: (options: object) => Transform;
  constants: { ZSTD_c_compressionLevel: number };
};

/** No worker threads: these cut a layer where they happen to be. */
const zstdOptions = () => ({
  params: { [zstd.constants.ZSTD_c_compressionLevel]: 3 },
  chunkSize: 1 << 17,
});

/**
 * The version of zstd that this Node compresses with. Another one may give other bytes.
 *
 * @throws OciError `UNSUPPORTED_COMPRESSION` where it has none
 */
export function zstdVersion(): string {
  const version = process.versions['zstd'];
  if (!zstd.createZstdCompress || version === undefined) throw noZstd();
  return version;
}

/**
 * Compresses with fixed settings: no time, no file name in the gzip header.
 *
 * @throws OciError `UNSUPPORTED_COMPRESSION` for zstd on a Node without it
 */
export function compressor(compression: Compression): Transform {
  if (compression === 'gzip') return zlib.createGzip(GZIP);
  if (zstd.createZstdCompress) return zstd.createZstdCompress(zstdOptions());
  throw noZstd();
}

/** gzip in one go, for what is small; the same bytes as from the stream. */
export function gzipSmall(bytes: Uint8Array): Buffer {
  return zlib.gzipSync(bytes, GZIP);
}

/**
 * A layer's tar, by its media type or, where that says nothing, its first bytes.
 *
 * @throws OciError `UNSUPPORTED_COMPRESSION`
 */
export function decompressed(layer: Readable, mediaType: string): Readable {
  if (/[+.]gzip$/.test(mediaType)) return piped(layer, zlib.createGunzip({ chunkSize: 1 << 17 }));
  if (mediaType.endsWith('+zstd')) {
    if (!zstd.createZstdDecompress) throw noZstd();
    return piped(layer, zstd.createZstdDecompress({ chunkSize: 1 << 17 }));
  }
  if (/[.]tar$/.test(mediaType)) return layer;
  throw new OciError('UNSUPPORTED_COMPRESSION', { message: `layer of media type ${mediaType}` });
}

function noZstd(): OciError {
  return new OciError('UNSUPPORTED_COMPRESSION', {
    message: `Node ${process.versions.node} has no zstd`,
    hint: 'Take gzip (the option `compression` in nx.json), or Node 22.15 or newer',
  });
}
