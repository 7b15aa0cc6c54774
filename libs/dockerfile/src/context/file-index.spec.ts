import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileStamp } from './file-index';
import { FileIndex } from './file-index';

const second = 1_000_000_000n;
const stamp: FileStamp = { size: 1n, mtimeNs: 10n * second, ctimeNs: 10n * second, ino: 1n };
const digest = `sha256:${'a'.repeat(64)}`;
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'index-'));
  path = join(folder, 'sub/index.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function saved(readAtNs: bigint): FileIndex {
  const index = new FileIndex(path);
  index.add('a', stamp, digest, readAtNs);
  index.save();
  return new FileIndex(path);
}

describe('FileIndex', () => {
  it('gives the digest of a file that has not changed', () => {
    expect(saved(20n * second).find('a', stamp)).toBe(digest);
  });

  it.each(['size', 'mtimeNs', 'ctimeNs', 'ino'] as const)(
    'forgets a file whose %s differs',
    (field) => {
      expect(
        saved(20n * second).find('a', { ...stamp, [field]: stamp[field] + 1n }),
      ).toBeUndefined();
    },
  );

  it.each([10n, 11n, 12n - 1n, 5n])(
    'does not trust a file touched within the clock of its reading: %d s',
    (at) => {
      expect(saved(at * second).find('a', stamp)).toBeUndefined();
    },
  );

  it.each([
    '',
    '{',
    '[]',
    '{"format":2,"files":{}}',
    '{"format":1,"files":{"a":["1","x"]}}',
    '{"format":1}',
  ])('takes a corrupt index for an empty one: %s', (content) => {
    saved(20n * second);
    writeFileSync(path, content);
    expect(new FileIndex(path).find('a', stamp)).toBeUndefined();
    expect(saved(20n * second).find('a', stamp)).toBe(digest);
  });

  it('leaves no half-written file behind, and rewrites nothing without need', () => {
    const index = saved(20n * second);
    expect(readdirSync(join(folder, 'sub'))).toEqual(['index.json']);
    utimesSync(path, 1, 1);
    index.find('a', stamp);
    index.save();
    expect(statSync(path).mtimeMs).toBe(1000);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveProperty('format', 1);
  });

  it('goes without where nothing can be written', () => {
    writeFileSync(join(folder, 'file'), '');
    const index = new FileIndex(join(folder, 'file', 'index.json'));
    index.add('a', stamp, digest, 20n * second);
    index.save();
    expect(index.find('a', stamp)).toBe(digest);
  });
});
