import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { beforeEach, describe, expect, it } from 'vitest';
import { fillMounts } from './fill-mounts';
import type { FileHere, KeptFile } from './kept-file';
import type { KeptMount } from './kept-mounts';
import type { ListingStore } from './listing-store';
import type { MountKind } from './mount-kinds';

let folder: string;
let said: string[];
let fetched: string[];
let filled: Map<KeptMount, FileHere[]>;
beforeEach(async () => {
  folder = await temporaryFolder();
  [said, fetched, filled] = [[], [], new Map()];
});

const file = (path: string, text: string, mtimeS = 1): KeptFile & { type: 'file' } => ({
  type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtimeS, sizeBytes: text.length, digest: digestOf(Buffer.from(text)),
}); // prettier-ignore

interface Given {
  kind?: MountKind;
  /** What lies there. */
  there?: string[];
  budgetBytes?: number;
  run?: () => Promise<void>;
}

/** @param texts the content of files by path, as it comes */
async function fill(files: KeptFile[], texts: Record<string, string>, given: Given = {}) {
  const { kind = 'other', there = [], budgetBytes = 100, run = async () => undefined } = given;
  const mount = { kind, target: '/mount', slot: 's' } as KeptMount;
  const lying = there.map((path) => ({ ...file(path, ''), type: 'file' as const }));
  const known = { atMs: 1, files };
  const opened = [{ mount, store: {} as ListingStore, known, seenMs: 1 }];
  await fillMounts(opened, new Map([[mount, lying]]), {
    budgetBytes,
    onFill: (each) => (filled = each),
    say: (line) => said.push(line),
    blobs: {
      fetch: async (wanted) =>
        wanted.flatMap((each): FileHere[] => {
          fetched.push(each.path);
          const text = texts[each.path];
          if (text === undefined) return [];
          const at = join(folder, String(fetched.length));
          writeFileSync(at, text, 'latin1');
          return [{ ...each, at }];
        }),
    },
    helper: {
      run: async (_script, _mounts, seed) => {
        await mkdir(join(folder, 'seed'));
        await seed(join(folder, 'seed'));
        await run();
      },
    },
  });
}
const paths = () => [...filled.values()].flat().map(({ path }) => path);

describe('filling a mount', () => {
  it('that fails half-way is known to have begun, and nothing is said to be there', async () => {
    const failing = async () => {
      throw new Error('killed');
    };
    await expect(fill([file('a', 'a')], { a: 'a' }, { run: failing })).rejects.toThrow('killed');
    expect(paths()).toEqual(['a']);
    expect(said).toEqual([]);
  });

  it('says what is there afterwards', async () => {
    await fill([file('a', 'aa'), file('b', 'b')], { a: 'aa', b: 'b' }, { there: ['b'] });
    expect(fetched).toEqual(['a']);
    expect(said).toEqual(['cache mount /mount: 1 file (2 B) from the remote cache']);
  });

  it('takes no more than the budget, whatever the listing names', async () => {
    const files = [file('old', 'a'.repeat(60), 1), file('new', 'a'.repeat(60), 2)];
    await fill(files, { old: 'a'.repeat(60), new: 'a'.repeat(60) });
    expect(fetched).toEqual(['new']);
  });

  it('leaves a pair alone that half of lies there, or is gone, without a line', async () => {
    const at = 'cache/download/m/@v/';
    const names = ['v1.zip', 'v1.ziphash', 'v2.zip', 'v3.zip', 'v3.ziphash', 'v4.mod'];
    const files = names.map((name) => file(`${at}${name}`, 'x'));
    const come = Object.fromEntries([`${at}v3.ziphash`, `${at}v4.mod`].map((path) => [path, 'x']));
    await fill(files, come, { kind: 'go', there: [`${at}v1.ziphash`] });
    expect(fetched).toEqual([`${at}v3.zip`, `${at}v3.ziphash`, `${at}v4.mod`]);
    expect(paths()).toEqual([`${at}v4.mod`]);
    expect(said).toHaveLength(1);
  });

  it('puts nothing there that its tool would not have, in a line', async () => {
    const texts = {
      'http-v2/a': 'cc=4, etag',
      'http-v2/a.body': 'PK\x03\x04',
      'wheels/b.whl': 'b',
    };
    const files = Object.entries(texts).map(([path, text]) => file(path, text));
    await fill(files, texts, { kind: 'pip' });
    expect(fetched).toEqual(['http-v2/a', 'http-v2/a.body']);
    expect(paths()).toEqual([]);
    expect(said).toEqual([expect.stringMatching(/^! cache mount \/mount: 2 files left out/)]);
  });
});
