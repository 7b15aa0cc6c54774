import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { piped } from '../blob/piped';
import { readAll } from '../blob/verify';
import { type Compression, compressor, decompressed, LAYER_MEDIA_TYPES } from './compression';

const hasZstd = 'createZstdCompress' in zlib;
const content = Buffer.from('layer '.repeat(100_000));

it.each<Compression>(hasZstd ? ['gzip', 'zstd'] : ['gzip'])(
  '%s gives the same bytes every time, and the content back',
  async (compression) => {
    const compress = () => readAll(piped(Readable.from([content]), compressor(compression)));
    const bytes = await compress();
    expect((await compress()).equals(bytes)).toBe(true);
    const back = decompressed(Readable.from([bytes]), LAYER_MEDIA_TYPES[compression]);
    expect((await readAll(back)).equals(content)).toBe(true);
  },
);

it('zstd on a Node without it says which Node has it', ({ skip }) => {
  skip(hasZstd, 'this Node has zstd');
  const refusal = expect.objectContaining({
    code: 'UNSUPPORTED_COMPRESSION',
    hint: expect.stringContaining('22.15'),
  });
  expect(() => compressor('zstd')).toThrow(refusal);
  expect(() => decompressed(Readable.from([]), LAYER_MEDIA_TYPES.zstd)).toThrow(refusal);
});
