import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAll } from '../blob/verify';
import { digestOf } from '../digest';
import { entryNameOf, packEntry, unpackEntry } from './layer-entry';

const streamOf = (bytes: Uint8Array) => Readable.from([Buffer.from(bytes)]);
const pack = (bytes: Uint8Array) =>
  readAll(packEntry(digestOf(bytes), bytes.length, streamOf(bytes)));
const unpack = (digest: ReturnType<typeof digestOf>, archive: Uint8Array) =>
  readAll(unpackEntry(digest, streamOf(archive), 'there'));

const layer = randomBytes(100_000);

describe('a layer as an entry of Nx’s remote cache', () => {
  it('is the same bytes afterwards, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        expect(await unpack(digestOf(bytes), await pack(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('has a name that no task has, by its content', () => {
    expect(entryNameOf(digestOf(layer))).toMatch(/^sha256-[0-9a-f]{64}$/);
  });

  it('is no larger than the layer by more than its own description', async () => {
    expect((await pack(layer)).length).toBeLessThan(layer.length + 6000);
  });

  it('is refused where it is another one’s, or none', async () => {
    const other = digestOf(randomBytes(10));
    await expect(unpack(other, await pack(layer))).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    await expect(unpack(other, randomBytes(500))).rejects.toMatchObject({ code: 'Z_DATA_ERROR' });
  });

  it('is refused with other content under the right name', async () => {
    const tar = gunzipSync(await pack(layer));
    const at = tar.indexOf(layer.subarray(0, 64)) + 5000;
    tar.writeUInt8(tar.readUInt8(at) ^ 1, at);
    await expect(unpack(digestOf(layer), gzipSync(tar))).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
    });
  });

  it('is refused where it is cut, at any place', async () => {
    const archive = await pack(layer);
    const places = [10, 700, archive.length >> 1, archive.length - 9];
    for (const at of places)
      await expect(unpack(digestOf(layer), archive.subarray(0, at))).rejects.toMatchObject({
        code: 'Z_BUF_ERROR',
      });
  });
});
