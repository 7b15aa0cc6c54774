import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobStore } from '../blob/store';
import { temporaryFolder } from '../testing/folder';
import { file, type Item, itemsOf, link, streamOf, tarOf } from '../testing/trees';
import { decompressed } from './compression';
import { normaliseLayer } from './normalise';
import { FLOOR_S, layerTime, type Maker } from './times';

/** 1 January 2020: what a base image has is of after that. */
const LATE_S = 1_577_836_800;

async function timesOf(items: Item[], maker: Maker): Promise<Record<string, number>> {
  const store = new BlobStore(await temporaryFolder(), { durable: false });
  const options = { store, maker, compression: 'gzip' as const };
  const layer = await normaliseLayer(async () => streamOf(tarOf(items)), options);
  const written = await itemsOf(decompressed(await store.open(layer.digest), layer.mediaType));
  return Object.fromEntries(written.map(({ entry }) => [entry.path, entry.mtimeS]));
}

const maker = fc.oneof(
  fc.constant<Maker>({ by: 'copy' }),
  fc.nat(200).map((below): Maker => ({ by: 'run', below })),
);
const timeOf = (text: string, by: Maker) =>
  layerTime([{ entry: file('a', text).entry, contentDigest: text }], by);

describe("a layer's time", () => {
  it('is another one for another page of the same length', async () => {
    const [one, two] = await Promise.all(
      ['main.4f3a.js', 'main.91bc.js'].map((text) =>
        timesOf([file('index.html', text), file('logo.svg', '')], { by: 'copy' }),
      ),
    );
    expect(two!['index.html']).not.toBe(one!['index.html']);
    // One for all of a layer: no file of it looks changed beside another.
    expect(two!['logo.svg']).toBe(two!['index.html']);
  });

  it('is newer for what a COPY brings than for what any RUN made, and later RUNs are newer', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(125), (one, two, below) => {
        const run = timeOf(one, { by: 'run', below });
        expect(timeOf(two, { by: 'run', below: below + 1 })).toBeGreaterThan(run);
        expect(timeOf(two, { by: 'copy' })).toBeGreaterThan(run);
      }),
    );
  });

  it('lies between what a ZIP can hold and what any base image has', () => {
    fc.assert(
      fc.property(fc.string(), maker, (text, by) => {
        expect(timeOf(text, by)).toBeGreaterThanOrEqual(FLOOR_S);
        expect(timeOf(text, by)).toBeLessThan(LATE_S);
      }),
    );
  });

  it('is not that of folders, whiteouts and Python sources; a link has that of its target', async () => {
    const times = await timesOf(
      [
        file('a.py', 'x'),
        file('b', 'y'),
        file('.wh.c', ''),
        link('hardlink', 'd', 'a.py'),
        link('hardlink', 'e', 'b'),
      ],
      { by: 'copy' },
    );
    const timeS = times['b'];
    expect(timeS).toBeGreaterThan(FLOOR_S);
    expect(times).toEqual({ 'a.py': FLOOR_S, b: timeS, '.wh.c': FLOOR_S, d: FLOOR_S, e: timeS });
  });
});
