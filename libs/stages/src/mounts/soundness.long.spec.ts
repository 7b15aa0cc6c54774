// Takes 40 s.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { digestOf } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { expect, test } from 'vitest';
import type { FileHere } from './kept-file';
import { isWorthKeeping, type MountKind } from './mount-kinds';
import { findUnsound } from './soundness';

/** What would be kept of a folder that is a tool's cache. */
function keptOf(kind: MountKind, root: string): FileHere[] {
  return (readdirSync(root, { recursive: true }) as string[]).flatMap((name): FileHere[] => {
    const at = join(root, name);
    const info = lstatSync(at);
    const path = relative(root, at);
    const named = { path, mode: 0o644, uid: 0, gid: 0, mtimeS: 1 };
    if (info.isDirectory() || !isWorthKeeping(kind, path)) return [];
    if (info.isSymbolicLink()) return [{ type: 'symlink', link: readlinkSync(at), ...named }];
    const digest = digestOf(readFileSync(at));
    return [{ type: 'file', at, sizeBytes: info.size, digest, ...named }];
  });
}

/** Changes a byte in the middle of a file of the cache. */
function damage(at: string): void {
  const bytes = readFileSync(at);
  bytes[bytes.length >> 1]! ^= 1;
  execFileSync('chmod', ['u+w', at]);
  writeFileSync(at, bytes);
}

const unsound = (kind: MountKind, root: string) => findUnsound(kind, keptOf(kind, root), root);
const one = (kind: MountKind, root: string, pattern: RegExp) =>
  keptOf(kind, root).find(({ path }) => pattern.test(path))!;

test('a tarball of npm serves without its index, and is found where another one lies under its name', async () => {
  const folder = await temporaryFolder();
  const root = join(folder, 'cache');
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name));
    const manifest = JSON.stringify({ name, version: '1.0.0' });
    writeFileSync(join(folder, name, 'package.json'), manifest);
    const npm = (cache: string, ...args: string[]) =>
      execFileSync('npm', [...args, '--cache', cache], { cwd: folder, stdio: 'pipe' });
    // In another one: of what it packs it keeps an entry, too.
    npm(join(folder, 'packing'), 'pack', `./${name}`);
    npm(root, 'cache', 'add', `./${name}-1.0.0.tgz`);
  }
  const content = keptOf('npm', root).filter(({ path }) => path.includes('/content-v2/'));
  expect(content).toHaveLength(2);
  expect(keptOf('npm', root)).toEqual(content);
  expect(await unsound('npm', root)).toEqual(new Map());
  await rm(join(root, '_cacache/index-v5'), { recursive: true });
  const app = join(folder, 'app');
  mkdirSync(app);
  const bytes = readFileSync(join(folder, 'one-1.0.0.tgz'));
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const needs = { name: 'app', version: '1.0.0', dependencies: { one: '1.0.0' } };
  // Nobody is there.
  const resolved = 'http://127.0.0.1:1/one/-/one-1.0.0.tgz';
  const packages = { '': needs, 'node_modules/one': { version: '1.0.0', resolved, integrity } };
  writeFileSync(join(app, 'package.json'), JSON.stringify(needs));
  const lock = { ...needs, lockfileVersion: 3, packages };
  writeFileSync(join(app, 'package-lock.json'), JSON.stringify(lock));
  const ci = ['ci', '--no-audit', '--fetch-retries', '0', '--cache', root];
  execFileSync('npm', ci, { cwd: app, stdio: 'pipe' });
  expect(readdirSync(join(app, 'node_modules/one'))).toEqual(['package.json']);
  damage(content[0]!.at!);
  expect([...(await unsound('npm', root)).keys()]).toEqual([content[0]!.path]);
});

test('a module of Go is held to the digest that Go holds to go.sum', async () => {
  const folder = await temporaryFolder();
  const root = join(folder, 'mod');
  const versions = join(folder, 'proxy/example.com/m/@v');
  mkdirSync(versions, { recursive: true });
  mkdirSync(join(folder, 'example.com/m@v1.0.0/sub'), { recursive: true });
  writeFileSync(join(folder, 'example.com/m@v1.0.0/go.mod'), 'module example.com/m\n');
  writeFileSync(join(folder, 'example.com/m@v1.0.0/sub/m.go'), 'package m\n'.repeat(500));
  writeFileSync(join(versions, 'v1.0.0.mod'), 'module example.com/m\n');
  writeFileSync(join(versions, 'v1.0.0.info'), '{"Version":"v1.0.0"}');
  const zip = `import zipfile, sys
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as z:
    for name in ("go.mod", "sub/m.go"):
        z.write(f"example.com/m@v1.0.0/{name}")`;
  execFileSync('python3', ['-c', zip, join(versions, 'v1.0.0.zip')], { cwd: folder });
  execFileSync('go', ['mod', 'download', 'example.com/m@v1.0.0'], {
    cwd: folder,
    env: { ...process.env, GOMODCACHE: root, GOPROXY: `file://${folder}/proxy`, GOSUMDB: 'off', GOFLAGS: '-modcacherw' }, // prettier-ignore
  });
  expect(
    keptOf('go', root)
      .map(({ path }) => path.replace(/.*\./, ''))
      .sort(),
  ).toEqual(['mod', 'zip', 'ziphash']);
  expect(await unsound('go', root)).toEqual(new Map());
  damage(one('go', root, /\.zip$/).at!);
  const found = await unsound('go', root);
  expect([...found.keys()].map((path) => path.replace(/.*\./, '')).sort()).toEqual(['zip', 'ziphash']); // prettier-ignore
});

test('a ZIP that another reader may read otherwise is no sound one', async () => {
  const folder = await temporaryFolder();
  const at = join(folder, 'cache/download/example.com/m/@v/v1.0.0.zip');
  mkdirSync(dirname(at), { recursive: true });
  const zipped = (script: string, mode = 'a') =>
    execFileSync('python3', ['-c', `import zipfile, sys\nwith zipfile.ZipFile(sys.argv[1], "${mode}") as z:\n    ${script}`, at], { stdio: 'pipe' }); // prettier-ignore
  const content = 'package m\n';
  const name = 'example.com/m@v1.0.0/m.go';
  zipped(`z.writestr("${name}", "package m\\n")`, 'w');
  const sha256 = createHash('sha256').update(content).digest('hex');
  const all = createHash('sha256').update(`${sha256}  ${name}\n`).digest('base64');
  writeFileSync(`${at}hash`, `h1:${all}`);
  const good = readFileSync(at);
  expect(await unsound('go', folder)).toEqual(new Map());
  const ways: [string, () => void][] = [
    ['a byte before it', () => writeFileSync(at, Buffer.concat([Buffer.from('x'), good]))],
    ['a byte behind it', () => writeFileSync(at, Buffer.concat([good, Buffer.from('x')]))],
    ['a comment', () => zipped('z.comment = b"x"')],
    ['a file besides', () => zipped('z.writestr("besides", "x")')],
    ['a file twice', () => zipped(`z.writestr("${name}", "x")`)],
    ['half of it', () => writeFileSync(at, good.subarray(0, good.length >> 1))],
    ['nothing', () => writeFileSync(at, '')],
  ];
  for (const [way, change] of ways) {
    writeFileSync(at, good);
    change();
    expect([...(await unsound('go', folder)).keys()], way).toHaveLength(2);
  }
});
