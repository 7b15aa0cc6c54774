import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlobStore } from '../blob/store';
import { decompressed } from '../layer/compression';
import { normaliseLayer } from '../layer/normalise';
import { byOrder } from '../layer/order';
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
import { splitLayer } from './split-layer';

const SITE = 'opt/venv/lib/python3.12/site-packages';
const options = { position: { by: 'stage' as const, below: 0 }, compression: 'gzip' as const };
const large = (seed: number) => Buffer.alloc((1 << 20) + 7, seed);

/** What is installed, with the folders above it. */
function tree(...items: Item[]): Item[] {
  const have = new Set(items.map(({ entry }) => entry.path));
  const folders: Item[] = [];
  for (const { entry } of items) {
    for (let at = entry.path; at.includes('/');) {
      at = at.slice(0, at.lastIndexOf('/'));
      if (have.has(at)) continue;
      have.add(at);
      folders.push(directory(at, { mode: 0o750, uid: 3, gid: 4 }));
    }
  }
  return [...folders, ...items];
}

/** A distribution: its module, its metadata and what else its RECORD names. */
function installed(name: string, content: string | Buffer, recorded: string[] = []): Item[] {
  const module = name.toLowerCase().replace(/[-.]/g, '_');
  const metadata = `${name}-1.0.dist-info`;
  const rows = [`${module}/__init__.py`, `${metadata}/RECORD`, ...recorded];
  return [
    file(`${SITE}/${module}/__init__.py`, content),
    file(`${SITE}/${metadata}/RECORD`, rows.map((row) => `${row},,\n`).join('')),
  ];
}

const LARGE = [...installed('one', large(1)), ...installed('two', large(2))];

const inOrder = (items: readonly Item[]) => [...items].sort((a, b) => byOrder(a.entry, b.entry));

async function split(items: Item[]) {
  const store = new BlobStore(await temporaryFolder(), { durable: false });
  const openTar = async () => streamOf(tarOf(items), 1 << 16);
  const layers = await splitLayer(openTar, { store, ...options });
  const parts: Item[][] = [];
  for (const { digest, mediaType } of layers)
    parts.push(await itemsOf(decompressed(await store.open(digest), mediaType)));
  const whole = await normaliseLayer(openTar, { store, ...options });
  const one = await itemsOf(decompressed(await store.open(whole.digest), whole.mediaType));
  return { layers, parts, whole, one, store };
}

/** Laid on each other in that order, links with what they link to. */
function laid(parts: Item[][]) {
  const all = new Map<string, unknown>();
  for (const part of parts) {
    const own = new Set(part.map(({ entry }) => entry.path));
    for (const { entry, content } of part) {
      if (entry.type === 'hardlink') expect(own).toContain(entry.linkPath);
      const folder = entry.path.slice(0, Math.max(entry.path.lastIndexOf('/'), 0));
      if (folder !== '') expect(own).toContain(folder);
      // The times are each part's own.
      const value = { ...entry, mtimeS: 0, content: content.toString('latin1') };
      if (all.has(entry.path)) expect(all.get(entry.path)).toEqual(value);
      if (entry.type !== 'directory') expect(all.has(entry.path)).toBe(false);
      all.set(entry.path, value);
    }
  }
  return all;
}

const holding = (parts: Item[][], path: string) =>
  parts.findIndex((part) => part.some(({ entry }) => entry.path === path));

/** That the parts are the whole, whatever else a test looks at. */
async function sound(items: Item[]) {
  const result = await split(items);
  expect(laid(result.parts)).toEqual(laid([result.one]));
  return result;
}

describe('a layer by package', () => {
  it('has each large distribution in a layer of its own, and what belongs to nothing in the last', async () => {
    const { parts } = await sound(tree(...LARGE, file('opt/venv/pyvenv.cfg', 'home = /usr')));
    expect(parts.map((part) => part.at(-1)!.entry.path)).toEqual(
      [
        `${SITE}/one-1.0.dist-info/RECORD`,
        `${SITE}/two-1.0.dist-info/RECORD`,
        'opt/venv/pyvenv.cfg',
      ].map((path, at) => (at < 2 ? expect.stringMatching(/^opt\/venv\/lib/) : path)),
    );
    expect(holding(parts, `${SITE}/one/__init__.py`)).toBe(
      holding(parts, `${SITE}/one-1.0.dist-info/RECORD`),
    );
  });

  it('has folders above a package with the metadata that they have in the whole', async () => {
    const { parts } = await sound(tree(...LARGE, directory('opt/venv/empty', { mode: 0o1777 })));
    const above = parts.map((part) => part.find(({ entry }) => entry.path === SITE)?.entry);
    expect(above[0]).toMatchObject({ mode: 0o750, uid: 3, gid: 4 });
    expect(above[1]).toEqual(above[0]);
  });

  it('is the one layer, byte for byte, where there are no packages', async () => {
    const { layers, whole } = await sound(tree(file('app/a', large(1)), file('app/b', large(2))));
    expect(layers).toEqual([whole]);
  });

  it.each([
    ['without packages', tree(file('app/a', large(1)))],
    ['with packages', tree(...LARGE)],
  ])('is read twice, %s: for what is in it, and to be written', async (_, items) => {
    const store = new BlobStore(await temporaryFolder(), { durable: false });
    let count = 0;
    const openTar = async () => {
      count += 1;
      return streamOf(tarOf(inOrder(items)), 1 << 16);
    };
    await splitLayer(openTar, { store, ...options });
    expect(count).toBe(2);
  });

  it('is the same layers for every order of its input, and leaves nothing behind', async () => {
    const items = tree(...LARGE, ...installed('three', 'x'), file('opt/venv/cfg', ''));
    const { layers } = await sound(items);
    const shuffled = await split([...items].reverse());
    expect(shuffled.layers).toEqual(layers);
    expect(await readdir(join(shuffled.store.directory, 'incoming'))).toEqual([]);
  });

  it('keeps all layers but one where a small package is added', async () => {
    const small = (count: number) =>
      Array.from({ length: count }, (_, at) => installed(`small-${at}`, `${at}`)).flat();
    const before = await sound(tree(...LARGE, ...small(200)));
    const after = await sound(tree(...LARGE, ...small(200), ...installed('added', 'new')));
    const had = new Set(before.layers.map(({ digest }) => digest));
    expect(after.layers.filter(({ digest }) => !had.has(digest))).toHaveLength(1);
  });

  it('is the same files for any tree at all beside the packages', async () => {
    await fc.assert(
      fc.asyncProperty(treeArbitrary, async (drawn) => {
        const targets = drawn.filter(({ entry }) => entry.type === 'file');
        const odd = drawn.flatMap(({ entry, content }, at) => {
          const moved = { ...entry, path: `opt/venv/odd/${entry.path}` };
          if (entry.type !== 'hardlink') return [{ content, entry: moved }];
          const target = targets[at % targets.length]?.entry.path;
          if (target === undefined) return [];
          return [{ content, entry: { ...moved, linkPath: `opt/venv/odd/${target}` } }];
        });
        const paths = new Set(odd.map(({ entry }) => entry.path));
        // A file cannot have something in it, in any layer.
        fc.pre(
          odd.every(({ entry: { path } }) => ![...paths].some((p) => p.startsWith(`${path}/`))),
        );
        const { layers } = await sound(tree(...LARGE, ...odd));
        // What removes something is left as it is.
        const removes = odd.some(({ entry }) => /\/\.wh\./.test(entry.path));
        expect(layers.length > 1).toBe(!removes);
      }),
      { numRuns: 15 },
    );
  });
});

describe('what belongs to a Python distribution', () => {
  it('is told by its RECORD, whatever that leads to: scripts in bin, data, compiled modules', async () => {
    const recorded = ['../../../bin/one-run', '../../../share/man/one.1', 'one/_speed.so'];
    const { parts } = await sound(
      tree(
        ...installed('one', large(1), recorded),
        ...installed('two', large(2)),
        file('opt/venv/bin/one-run', '#!'),
        file('opt/venv/share/man/one.1', 'man'),
        file(`${SITE}/one/_speed.so`, 'ELF'),
      ),
    );
    const own = holding(parts, `${SITE}/one/__init__.py`);
    for (const path of [
      'opt/venv/bin/one-run',
      'opt/venv/share/man/one.1',
      `${SITE}/one/_speed.so`,
    ])
      expect(holding(parts, path)).toBe(own);
  });

  it('is also the byte-code of its modules that no RECORD names', async () => {
    const pyc = (name: string) => file(`${SITE}/one/__pycache__/${name}`, 'byte-code');
    const { parts } = await sound(
      tree(...LARGE, pyc('__init__.cpython-312.pyc'), pyc('__init__.cpython-312.opt-1.pyc')),
    );
    const own = holding(parts, `${SITE}/one/__init__.py`);
    expect(holding(parts, `${SITE}/one/__pycache__/__init__.cpython-312.pyc`)).toBe(own);
    expect(holding(parts, `${SITE}/one/__pycache__/__init__.cpython-312.opt-1.pyc`)).toBe(own);
  });

  it('is not what a RECORD claims that lies: outside, elsewhere, nowhere, another one’s', async () => {
    const lies = [
      '../../../../../../../etc/passwd',
      '/etc/shadow',
      'no/such/file.py',
      '../../../../..',
      'two/__init__.py',
      '"unclosed',
      '',
    ];
    const { parts, layers } = await sound(
      tree(
        ...installed('one', large(1), lies),
        ...installed('two', large(2)),
        ...installed('three', large(3)),
        file('opt/venv/cfg', ''),
      ),
    );
    // Claimed by two, it belongs to neither.
    expect(holding(parts, `${SITE}/two/__init__.py`)).toBe(layers.length - 1);
    expect(holding(parts, 'opt/venv/cfg')).toBe(layers.length - 1);
  });

  it('is no file that two own, as a namespace’s, and one package in two versions is one', async () => {
    const shared = ['google/__init__.py'];
    const again = installed('one', '', ['one/__init__.py'])[1]!;
    const { parts, layers } = await sound(
      tree(
        ...installed('one', large(1), shared),
        ...installed('two', large(2), shared),
        file(`${SITE}/google/__init__.py`, 'namespace'),
        file(`${SITE}/One-2.0.dist-info/RECORD`, again.content),
      ),
    );
    expect(holding(parts, `${SITE}/google/__init__.py`)).toBe(layers.length - 1);
    expect(holding(parts, `${SITE}/One-2.0.dist-info/RECORD`)).toBe(
      holding(parts, `${SITE}/one/__init__.py`),
    );
  });

  it('is told for names in every form, quoted ones, and such as are no text', async () => {
    const names = ['caf\u00e9.py', 'cafe\u0301.py', 'a,b.py', 'say "hi".py', 'n\udcff.py'];
    const recorded = names.map((name) => `one/${name}`);
    const quoted = recorded.map((path) =>
      /[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path,
    );
    const { parts } = await sound(
      tree(
        ...installed('one', large(1), quoted),
        ...installed('Foo.Bar-Baz', large(2)),
        ...recorded.map((path) => file(`${SITE}/${path}`, path)),
      ),
    );
    const own = holding(parts, `${SITE}/one/__init__.py`);
    for (const path of recorded.slice(0, 4)) expect(holding(parts, `${SITE}/${path}`)).toBe(own);
  });

  it('is, of an editable install, what it left there; its source may lie anywhere', async () => {
    const { parts } = await sound(
      tree(
        ...LARGE,
        file(`${SITE}/__editable__.mine-1.0.pth`, '/src/mine'),
        file(
          `${SITE}/mine-1.0.dist-info/RECORD`,
          '__editable__.mine-1.0.pth,,\n../../../../../src/mine/a.py,,\n',
        ),
        file('src/mine/b.py', 'b'),
      ),
    );
    expect(holding(parts, `${SITE}/__editable__.mine-1.0.pth`)).toBe(
      holding(parts, `${SITE}/mine-1.0.dist-info/RECORD`),
    );
  });

  it('may be linked: a symbolic link goes with its owner, a hard link across packages with neither', async () => {
    const { parts, layers } = await sound(
      tree(
        ...installed('one', large(1), ['one/a', 'one/to-two', 'one/also-a']),
        ...installed('two', large(2), ['two/a']),
        file(`${SITE}/one/a`, 'same'),
        link('hardlink', `${SITE}/one/also-a`, `${SITE}/one/a`),
        link('hardlink', `${SITE}/two/a`, `${SITE}/one/a`),
        link('symlink', `${SITE}/one/to-two`, '../two/__init__.py'),
      ),
    );
    const rest = layers.length - 1;
    for (const path of ['one/a', 'one/also-a', 'two/a'])
      expect(holding(parts, `${SITE}/${path}`)).toBe(rest);
    expect(holding(parts, `${SITE}/one/to-two`)).toBe(holding(parts, `${SITE}/one/__init__.py`));
  });
});

describe('what belongs to a package by its path', () => {
  const modules = 'app/node_modules';
  const at = async (items: Item[], ...paths: string[]) => {
    const { parts } = await sound(tree(...items));
    return paths.map((path) => holding(parts, path));
  };

  it('npm: scoped, nested, and in pnpm’s store whichever version it is', async () => {
    const [one, scoped, nested, inStore, linked] = await at(
      [
        file(`${modules}/one/index.js`, large(1)),
        file(`${modules}/@scope/two/index.js`, large(2)),
        file(`${modules}/one/node_modules/deep/index.js`, large(3)),
        file(
          `${modules}/.pnpm/@scope+four@1.0.0_peer@2.0.0/node_modules/@scope/four/i.js`,
          large(4),
        ),
        link('symlink', `${modules}/.pnpm/@scope+four@1.0.0_peer@2.0.0/node_modules/peer`, '../x'),
        file(`${modules}/.package-lock.json`, '{}'),
      ],
      `${modules}/one/index.js`,
      `${modules}/@scope/two/index.js`,
      `${modules}/one/node_modules/deep/index.js`,
      `${modules}/.pnpm/@scope+four@1.0.0_peer@2.0.0/node_modules/@scope/four/i.js`,
      `${modules}/.pnpm/@scope+four@1.0.0_peer@2.0.0/node_modules/peer`,
    );
    expect(new Set([one, scoped, nested, inStore]).size).toBe(4);
    expect(linked).toBe(inStore);
  });

  it('pnpm’s links to all packages move no package when one is added', async () => {
    const store = (name: string, content: Buffer | string) => [
      file(`${modules}/.pnpm/${name}@1.0.0/node_modules/${name}/i.js`, content),
      link(
        'symlink',
        `${modules}/.pnpm/node_modules/${name}`,
        `../${name}@1.0.0/node_modules/${name}`,
      ),
      link('symlink', `${modules}/${name}`, `.pnpm/${name}@1.0.0/node_modules/${name}`),
    ];
    const names = Array.from({ length: 60 }, (_, at) => `small-${at}`);
    const had = [...store('one', large(1)), ...store('two', large(2))];
    had.push(...names.flatMap((name) => store(name, name)));
    const before = await sound(tree(...had));
    const after = await sound(tree(...had, ...store('added', 'new')));
    const old = new Set(before.layers.map(({ digest }) => digest));
    const moved = after.parts.filter((_, at) => !old.has(after.layers[at]!.digest));
    // The bucket that it came into, and the rest, which holds no file.
    expect(moved).toHaveLength(2);
    expect(moved[1]!.filter(({ entry }) => entry.type === 'file')).toEqual([]);
    const [first, second] = [`${modules}/one`, `${modules}/.pnpm/one@1.0.0/node_modules/one/i.js`];
    expect(holding(after.parts, first)).toBe(holding(after.parts, second));
  });

  it('a jar each, and Go’s modules by modules.txt, the longest path first', async () => {
    const txt = '# example.com/a v1.0.0\n## explicit\nexample.com/a\n# example.com/a/v2 v2.1.0\n';
    const places = await at(
      [
        file('lib/spring-core-6.1.2.jar', large(1)),
        file('lib/jackson-2.17.0.jar', large(2)),
        file('src/vendor/modules.txt', txt),
        file('src/vendor/example.com/a/a.go', large(3)),
        file('src/vendor/example.com/a/v2/a.go', large(4)),
        file('src/vendor/unlisted.com/b/b.go', 'package b'),
      ],
      'lib/spring-core-6.1.2.jar',
      'lib/jackson-2.17.0.jar',
      'src/vendor/example.com/a/a.go',
      'src/vendor/example.com/a/v2/a.go',
      'src/vendor/unlisted.com/b/b.go',
    );
    expect(new Set(places).size).toBe(5);
  });
});
