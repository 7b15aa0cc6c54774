import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobStore } from '../blob/store';
import { digestOf } from '../digest';
import { temporaryFolder } from '../testing/folder';
import { file, type Item, itemsOf, link, streamOf, tarOf } from '../testing/trees';
import { decompressed } from './compression';
import { normaliseLayer } from './normalise';
import { FLOOR_S, type LayerMaker, layerTime } from './times';

/** 1 January 2006: what a base image has is of after that. */
const LATE_S = 1_136_073_600;

async function timesOf(items: Item[]): Promise<Record<string, number>> {
  const store = new BlobStore(await temporaryFolder(), { durable: false });
  const position = { by: 'context' as const, below: 0 };
  const options = { store, position, compression: 'gzip' as const };
  const layer = await normaliseLayer(async () => streamOf(tarOf(items)), options);
  const written = await itemsOf(decompressed(await store.open(layer.digest), layer.mediaType));
  return Object.fromEntries(written.map(({ entry }) => [entry.path, entry.mtimeS]));
}

const timeOf = (text: string, by: LayerMaker, below = 0) =>
  layerTime([{ entry: file('a', text).entry, contentDigest: digestOf(text) }], { by, below });

describe("a layer's time", () => {
  it('is another one for another page of the same length', async () => {
    const [one, two] = await Promise.all(
      ['main.4f3a.js', 'main.91bc.js'].map((text) =>
        timesOf([file('index.html', text), file('logo.svg', '')]),
      ),
    );
    expect(two!['index.html']).not.toBe(one!['index.html']);
    // One for all of a layer: no file of it looks changed beside another.
    expect(two!['logo.svg']).toBe(two!['index.html']);
  });

  it('is newer for the context than for all that a RUN made, wherever that was copied from', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.nat(200), (one, two, three, below) => {
        const copied = timeOf(two, 'stage', below);
        expect(copied).toBeGreaterThan(timeOf(one, 'run', below));
        expect(timeOf(three, 'context', below)).toBeGreaterThan(copied);
      }),
    );
  });

  it('is newer for a later RUN, and for a COPY it does not follow where that stands', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(125), (one, two, below) => {
        expect(timeOf(two, 'run', below + 1)).toBeGreaterThan(timeOf(one, 'run', below));
        expect(timeOf(one, 'stage', below)).toBe(timeOf(one, 'stage'));
        expect(timeOf(one, 'context', below)).toBe(timeOf(one, 'context'));
      }),
    );
  });

  it('lies between what a ZIP can hold and what any base image has', () => {
    const maker = fc.constantFrom<LayerMaker>('run', 'stage', 'context');
    fc.assert(
      fc.property(fc.string(), maker, fc.nat(200), (text, by, below) => {
        expect(timeOf(text, by, below)).toBeGreaterThanOrEqual(FLOOR_S);
        expect(timeOf(text, by, below)).toBeLessThan(LATE_S);
      }),
    );
  });

  it('is not that of folders, whiteouts and Python sources; a link has that of its target', async () => {
    const times = await timesOf([
      file('a.py', 'x'),
      file('b', 'y'),
      file('.wh.c', ''),
      link('hardlink', 'd', 'a.py'),
      link('hardlink', 'e', 'b'),
    ]);
    const timeS = times['b'];
    expect(timeS).toBeGreaterThan(FLOOR_S);
    expect(times).toEqual({ 'a.py': FLOOR_S, b: timeS, '.wh.c': FLOOR_S, d: FLOOR_S, e: timeS });
  });
});
