import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLock, readLock } from './lock';
import { RECIPES } from './recipe';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseLock', () => {
  it('reads digests, of the index and of platforms, and null for what nobody has locked', () => {
    const images = {
      'a:1': { digest, platforms: { 'linux/amd64': digest } },
      'b:1': { digest: null },
    };
    expect(parseLock(JSON.stringify({ format: 1, images }), 'lock').images).toEqual(images);
  });

  it.each([
    ['no JSON', '{', 'is no JSON'],
    ['another format', '{"format":2,"images":{}}', 'format 2'],
    [
      'a short digest',
      '{"format":1,"images":{"a:1":{"digest":"sha256:12"}}}',
      'no digest for a:1: sha256:12',
    ],
    [
      'a platform with a tag',
      `{"format":1,"images":{"a:1":{"digest":null,"platforms":{"linux/amd64":"latest"}}}}`,
      'no digest for a:1: latest',
    ],
  ])('refuses %s, and says where', (_, text, named) => {
    expect(() => parseLock(text, 'images.lock.json')).toThrowError(
      expect.objectContaining({ code: 'LOCK_INVALID', message: expect.stringContaining(named) }),
    );
  });
});

describe('docker/images.lock.json', () => {
  it('locks every image that has a stand-in', async () => {
    const lock = await readLock(join(__dirname, '../../docker/images.lock.json'));
    for (const { reference } of RECIPES) {
      expect(lock.images[reference]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
  });
});
