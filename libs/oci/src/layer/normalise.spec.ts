import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobStore } from '../blob/store';
import { temporaryFolder } from '../testing/folder';
import {
  directory,
  file,
  type Item,
  itemsOf,
  link,
  streamOf,
  tarOf,
  treeArbitrary,
} from '../testing/trees';
import { compressor, decompressed, gzipSmall } from './compression';
import { normaliseLayer } from './normalise';
import { FLOOR_S } from './times';
import { LayerWriter } from './writer';

const gzip = { position: { by: 'stage' as const, below: 0 }, compression: 'gzip' as const };

async function normalised(items: Item[], store: BlobStore) {
  const layer = await normaliseLayer(async () => streamOf(tarOf(items)), { store, ...gzip });
  const content = await itemsOf(decompressed(await store.open(layer.digest), layer.mediaType));
  return { layer, content };
}

describe('a normalised layer', () => {
  it('holds the same entries with times of its own, and is the same for every order of its input', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const shuffled = treeArbitrary.chain((items) =>
      fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([items, other]) => {
        const first = await normalised(items, store);
        const second = await normalised(other, store);
        expect(second.layer).toEqual(first.layer);
        const byPath = (all: Item[]) => new Map(all.map((item) => [item.entry.path, item]));
        const timeless = (all: Item[]) =>
          all.map(({ entry, content }) => ({ entry: { ...entry, mtimeS: 0 }, content }));
        expect(byPath(timeless(first.content))).toEqual(byPath(timeless(items)));
      }),
      { numRuns: 60 },
    );
  });

  it('puts folders before their content, whiteouts at their name, and links last', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const { content } = await normalised(
      [
        file('d/z', 'z'),
        link('hardlink', 'a', 'd/z'),
        file('d/.wh.m', ''),
        file('d/.wh..wh..opq', ''),
        file('d/n', 'n'),
        directory('d'),
        file('d-e', ''),
      ],
      store,
    );
    expect(content.map((item) => item.entry.path)).toEqual([
      'd',
      'd/.wh..wh..opq',
      'd/.wh.m',
      'd/n',
      'd/z',
      'd-e',
      'a',
    ]);
  });

  it('keeps the later one of two entries for one path', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const { content } = await normalised(
      [file('a', 'old'), file('b', ''), file('a', 'new')],
      store,
    );
    expect(content.map((item) => [item.entry.path, item.content.toString()])).toEqual([
      ['a', 'new'],
      ['b', ''],
    ]);
  });

  it('is the same whether it was packed in one go or as a stream in any pieces', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    let seed = 1;
    const noise = Buffer.from(
      Array.from({ length: 3 << 20 }, () => {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        return (seed >> 16) % 7 === 0 ? seed % 256 : 97;
      }),
    );
    const big = file('big', noise);
    const digests = new Set<string>();
    for (const pieceBytes of [1000, 70_000, 300_000, noise.length]) {
      const writer = await LayerWriter.start(store, 'gzip');
      await writer.add(big.entry, streamOf(noise, pieceBytes));
      digests.add((await writer.finish()).digest);
    }
    expect(digests.size).toBe(1);

    const parts: Buffer[] = [];
    const stream = Readable.from([noise.subarray(0, 5), noise.subarray(5)]).pipe(
      compressor('gzip'),
    );
    for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
    expect(Buffer.concat(parts).equals(gzipSmall(noise))).toBe(true);
  });
});

describe('byte-code in a normalised layer', () => {
  const pyc = (flags: number, mtime: number) => {
    const bytes = Buffer.alloc(64, 7);
    bytes.writeUInt32LE(0x0a0d0da7, 0);
    bytes.writeUInt32LE(flags, 4);
    bytes.writeUInt32LE(mtime, 8);
    bytes.writeUInt32LE(1234, 12);
    return bytes;
  };

  it('in site-packages no longer depends on the time of its source', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const path = 'venv/lib/python3.13/site-packages/a/__pycache__/b.cpython-313.pyc';
    const [first, second] = [
      await normalised([file(path, pyc(0, 1700000000))], store),
      await normalised([file(path, pyc(0, 1700000001))], store),
    ];
    expect(second.layer.digest).toBe(first.layer.digest);
    expect(first.content[0]!.content.readUInt32LE(4)).toBe(1);
  });

  it('elsewhere names the time that its source now has, so that an edit is still seen', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const { content } = await normalised(
      [file('app/__pycache__/b.pyc', pyc(0, 1700000000))],
      store,
    );
    expect(content[0]!.content.equals(pyc(0, FLOOR_S))).toBe(true);
  });

  it('is left alone where it is hash-based or no byte-code at all', async () => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const items = [file('a.pyc', pyc(3, 99)), file('b.pyc', 'not byte-code at all, really')];
    const { content } = await normalised(items, store);
    expect(content.map((item) => item.content)).toEqual(items.map((item) => item.content));
  });
});
