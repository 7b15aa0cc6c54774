import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseLock, readLock } from './lock-file';

const digest = `sha256:${'a'.repeat(64)}`;
const image = { digest, platforms: { 'linux/amd64': digest }, env: { A: 'b' }, onbuild: ['RUN x'] };
const lock = { format: 1, images: { 'python:3.12': image, 'redis:7': { digest: null } } };

describe('a lock file', () => {
  it('is read as it was written, and is undefined where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lock-spec-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'images.lock.json');
    expect(await readLock(file)).toBeUndefined();
    await writeFile(file, JSON.stringify(lock));
    expect(await readLock(file)).toEqual(lock);
  });

  const lockWith = (change: object) => ({ format: 1, images: { 'a:1': { digest, ...change } } });
  it.each([
    ['', 'is no JSON'],
    ['{', 'is no JSON'],
    ['null', 'has format undefined'],
    ['[]', 'has format undefined'],
    ['{"format":2,"images":{}}', 'has format 2'],
    ['{"format":1}', 'has no images'],
    ['{"format":1,"images":[]}', 'has no images'],
    ['{"format":1,"images":{"a:1":null}}', 'has no entry for a:1'],
    ['{"format":1,"images":{"a:1":{}}}', 'has no digest for a:1: undefined'],
    [JSON.stringify(lockWith({ digest: 'sha256:1' })), 'has no digest for a:1: sha256:1'],
    [JSON.stringify(lockWith({ platforms: [digest] })), 'has no list of platforms for a:1'],
    [JSON.stringify(lockWith({ platforms: { p: null } })), 'has no digest for a:1: null'],
    [JSON.stringify(lockWith({ env: { A: 1 } })), 'has an env that is no text for a:1'],
    [JSON.stringify(lockWith({ env: ['A'] })), 'has an env that is no text for a:1'],
    [JSON.stringify(lockWith({ onbuild: 'RUN x' })), 'has an onbuild that is no text for a:1'],
    [JSON.stringify(lockWith({ onbuild: [1] })), 'has an onbuild that is no text for a:1'],
    ['{"format":1,"images":{},"fresh":[]}', 'has no list under "fresh"'],
    ['{"format":1,"images":{},"fresh":{"a":1}}', 'has no time for a under "fresh": 1'],
    ['{"format":1,"images":{},"fresh":{"a":""}}', 'has no time for a under "fresh": ""'],
    [JSON.stringify(lockWith({ from: 'x' })), 'has an origin that is none for a:1: x'],
  ])('that is %s is refused: it %s', (text, what) => {
    expect(() => parseLock(text, 'lock.json')).toThrowError(
      expect.objectContaining({
        code: 'LOCK_INVALID',
        message: expect.stringContaining(`lock.json ${what}`),
      }),
    );
  });
});
