import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BlobSource } from '../blob/source';
import { BlobStore } from '../blob/store';
import { digestOf } from '../digest';
import { MEDIA_TYPES } from '../image/types';
import type { LayerRecord } from '../layout/record';
import { temporaryFolder } from '../testing/folder';
import { directory, file, tarOf } from '../testing/trees';
import { IndexCache } from './index-cache';

/** A layer, a source that counts how often it is read, and a cache of one index. */
async function cached() {
  const tar = tarOf([directory('d'), file('d/name', 'content')]);
  const store = new BlobStore(await temporaryFolder(), { durable: false });
  const digest = digestOf(tar);
  await store.put([tar]);
  const layer: LayerRecord = {
    digest,
    diffId: digest,
    sizeBytes: tar.length,
    mediaType: MEDIA_TYPES.layerTar,
    from: 'base',
  };
  let reads = 0;
  const source: BlobSource = {
    name: store.name,
    remote: false,
    has: (wanted) => store.has(wanted),
    open(wanted) {
      reads++;
      return store.open(wanted);
    },
  };
  const folder = await temporaryFolder();
  const paths = async () => {
    const { entries } = await new IndexCache(folder).read(layer, source);
    return entries.map(({ path }) => path);
  };
  expect(await paths()).toEqual(['d', 'd/name']);
  const [name, ...more] = await readdir(folder);
  expect(more).toEqual([]);
  return { paths, index: join(folder, name!), reads: () => reads };
}

describe("a layer's index", () => {
  it('is made once, and read from then on', async () => {
    const { paths, reads } = await cached();
    expect(await paths()).toEqual(['d', 'd/name']);
    expect(reads()).toBe(1);
  });

  it.each([
    ['is about something else', (text: string) => text.replaceAll('name', 'game')],
    ['was cut', (text: string) => text.slice(0, -5)],
    ['has no digest', (text: string) => text.slice(text.indexOf('\n') + 1)],
    ['begins with an empty line', (text: string) => `\n${text}`],
    ['is empty', () => ''],
  ])('whose file %s is made anew, and is whole again then', async (_what, damage) => {
    const { paths, index, reads } = await cached();
    const whole = await readFile(index, 'utf8');
    await writeFile(index, damage(whole));
    expect(await paths()).toEqual(['d', 'd/name']);
    expect(reads()).toBe(2);
    expect(await readFile(index, 'utf8')).toBe(whole);
  });

  it('that cannot be kept is made each time', async () => {
    const { paths, index, reads } = await cached();
    const blocked = new IndexCache(join(index, 'below-a-file'));
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    const tar = tarOf([file('a', '')]);
    const { digest, sizeBytes } = await store.put([tar]);
    const layer: LayerRecord = {
      digest,
      diffId: digest,
      sizeBytes,
      mediaType: MEDIA_TYPES.layerTar,
      from: 'base',
    };
    expect((await blocked.read(layer, store)).entries).toHaveLength(1);
    expect(await paths()).toHaveLength(2);
    expect(reads()).toBe(1);
  });
});
