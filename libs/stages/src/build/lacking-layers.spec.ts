import type { Digest, LayerRecord } from '@excel2doc/oci';
import { expect, it } from 'vitest';
import { lackingLayers } from './lacking-layers';

const digest = (name: string) => `sha256:${name}` as Digest;
const layer = (name: string): LayerRecord => ({
  digest: digest(`packed-${name}`),
  diffId: digest(name),
  sizeBytes: 1,
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  from: 'self',
});
const image = ['base', 'a', 'new', 'b', 'app'].map(layer);
const before = ['base', 'a', 'b', 'app'].map(digest);
const packed = (...names: string[]) => new Set(names.map((name) => digest(`packed-${name}`)));

it('is the new layer alone where layers are kept as they came', () => {
  expect(lackingLayers(image, [before], 'containerd')).toEqual(packed('new'));
});

it('is all from the new one up where they are kept on what they lie on, by the nearest image', () => {
  const other = ['base', 'x'].map(digest);
  expect(lackingLayers(image, [other, before], 'classic')).toEqual(packed('new', 'b', 'app'));
  expect(lackingLayers(image, [['base', 'a', 'new', 'b'].map(digest)], 'classic')).toEqual(
    packed('app'),
  );
});

it('is all where nothing is known, or nothing from the lowest up', () => {
  for (const store of ['containerd', 'classic'] as const)
    for (const known of [[], [['x', 'y'].map(digest)]])
      expect(lackingLayers(image, known, store)).toBe('all');
  expect(lackingLayers(image, [['b', 'a'].map(digest)], 'classic')).toBe('all');
});
