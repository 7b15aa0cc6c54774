// Takes 40 s.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { copyFileSync, cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { digestOf } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { expect, onTestFinished, test } from 'vitest';
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

/** A server of a folder. */
async function serve(folder: string): Promise<string> {
  const server = createServer(({ url = '' }, answer) => {
    try {
      answer.end(readFileSync(join(folder, url)));
    } catch {
      answer.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const wheel = (folder: string, name: string) =>
  execFileSync('python3', [join(__dirname, '../testing/wheel.py'), folder, name, '1.0', '20000']);

test('a tarball of npm is found where another one lies under its name', async () => {
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
  expect(await unsound('npm', root)).toEqual(new Map());
  damage(content[0]!.at!);
  expect([...(await unsound('npm', root)).keys()]).toEqual([content[0]!.path]);
});

test('an entry of npm’s index that somebody wrote is left out, with what it names', async () => {
  const folder = await temporaryFolder();
  const bytes = Buffer.from('{"a list":"of versions"}');
  const hex = createHash('sha512').update(bytes).digest('hex');
  const content = `_cacache/content-v2/sha512/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`;
  const integrity = `sha512-${Buffer.from(hex, 'hex').toString('base64')}`;
  const entry = (key: string) => {
    const json = JSON.stringify({ key, integrity, time: 1, size: bytes.length });
    return `\n${createHash('sha1').update(json).digest('hex')}\t${json}`;
  };
  const write = (path: string, data: Buffer | string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
  };
  const index = '_cacache/index-v5/aa/bb/cc';
  write(content, bytes);
  write(index, entry('make-fetch-happen:request-cache:https://registry.npmjs.org/one'));
  expect([...(await unsound('npm', folder)).keys()].sort()).toEqual([content, index].sort());
  write(index, entry('make-fetch-happen:request-cache:https://registry.npmjs.org/one/-/one-1.tgz'));
  expect(await unsound('npm', folder)).toEqual(new Map());
  write(index, entry('https://registry.npmjs.org/one/-/one-1.tgz').replace('\t{', '\t{ '));
  expect([...(await unsound('npm', folder)).keys()]).toContain(index);
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
  ).toEqual(['info', 'mod', 'zip', 'ziphash']);
  expect(await unsound('go', root)).toEqual(new Map());
  damage(one('go', root, /\.zip$/).at!);
  const found = await unsound('go', root);
  expect([...found.keys()].map((path) => path.replace(/.*\./, '')).sort()).toEqual(['zip', 'ziphash']); // prettier-ignore
});

test('a crate is held to the index that Cargo holds to Cargo.lock', async () => {
  const folder = await temporaryFolder();
  const home = join(folder, 'cargo');
  const crate = join(folder, 'dep');
  mkdirSync(join(crate, 'src'), { recursive: true });
  const cargo = (cwd: string, ...args: string[]) =>
    promisify(execFile)('cargo', args, {
      cwd,
      env: { ...process.env, CARGO_HOME: home, CARGO_NET_RETRY: '0' },
    });
  const manifest = '[package]\nname = "depone"\nversion = "1.0.0"\nedition = "2021"\n';
  writeFileSync(join(crate, 'Cargo.toml'), manifest);
  writeFileSync(join(crate, 'src/lib.rs'), 'pub fn one() {}\n');
  await cargo(crate, 'package', '--no-verify', '--allow-dirty', '--offline');
  const served = join(folder, 'served');
  mkdirSync(join(served, 'de/po'), { recursive: true });
  const packed = join(crate, 'target/package/depone-1.0.0.crate');
  copyFileSync(packed, join(served, 'depone.crate'));
  const cksum = createHash('sha256').update(readFileSync(packed)).digest('hex');
  const line = { name: 'depone', vers: '1.0.0', deps: [], cksum, features: {}, yanked: false };
  writeFileSync(join(served, 'de/po/depone'), `${JSON.stringify(line)}\n`);
  const url = await serve(served);
  writeFileSync(join(served, 'config.json'), JSON.stringify({ dl: `${url}/{crate}.crate` }));
  const app = join(folder, 'app');
  mkdirSync(join(app, 'src'), { recursive: true });
  mkdirSync(join(app, '.cargo'));
  writeFileSync(join(app, '.cargo/config.toml'), `[registries.own]\nindex = "sparse+${url}/"\n`);
  const needs = '[package]\nname = "app"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\ndepone = { version = "1", registry = "own" }\n'; // prettier-ignore
  writeFileSync(join(app, 'Cargo.toml'), needs);
  writeFileSync(join(app, 'src/main.rs'), 'fn main() {}\n');
  await cargo(app, 'fetch');
  const root = join(home, 'registry');
  expect(await unsound('cargo', root)).toEqual(new Map());
  const found = one('cargo', root, /\.crate$/);
  damage(found.at!);
  expect([...(await unsound('cargo', root)).keys()]).toEqual([found.path]);
});

test('a wheel that pip fetched, or built, is held to its RECORD, and nothing but packages is kept', async () => {
  const folder = await temporaryFolder();
  const root = join(folder, 'pip');
  const at = (name: string) => join(root, 'http-v2/a/b', name);
  mkdirSync(at(''), { recursive: true });
  wheel(folder, 'alpha');
  const made = join(folder, 'alpha-1.0-py3-none-any.whl');
  cpSync(made, at('wheel.body'));
  mkdirSync(join(root, 'wheels/1/2'), { recursive: true });
  cpSync(made, join(root, 'wheels/1/2/alpha-1.0-py3-none-any.whl'));
  writeFileSync(at('page.body'), '<!DOCTYPE html>');
  for (const name of ['wheel', 'page', 'alone']) writeFileSync(at(name), 'cc=4,');
  const left = async () => [...(await unsound('pip', root)).keys()].sort();
  const pages = ['http-v2/a/b/alone', 'http-v2/a/b/page', 'http-v2/a/b/page.body'];
  expect(await left()).toEqual(pages);
  damage(at('wheel.body'));
  expect(await left()).toEqual([...pages, 'http-v2/a/b/wheel', 'http-v2/a/b/wheel.body']);
  damage(join(root, 'wheels/1/2/alpha-1.0-py3-none-any.whl'));
  expect(await left()).toHaveLength(6);
});

test('a ZIP that another reader may read otherwise is no sound one', async () => {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'wheels'));
  wheel(join(folder, 'wheels'), 'alpha');
  const at = join(folder, 'wheels/alpha-1.0-py3-none-any.whl');
  const good = readFileSync(at);
  expect(await unsound('pip', folder)).toEqual(new Map());
  const zipped = (script: string) =>
    execFileSync('python3', ['-c', `import zipfile, sys\nwith zipfile.ZipFile(sys.argv[1], "a") as z:\n    ${script}`, at], { stdio: 'pipe' }); // prettier-ignore
  const ways: [string, () => void][] = [
    ['a byte before it', () => writeFileSync(at, Buffer.concat([Buffer.from('x'), good]))],
    ['a byte behind it', () => writeFileSync(at, Buffer.concat([good, Buffer.from('x')]))],
    ['a comment', () => zipped('z.comment = b"x"')],
    ['a file besides', () => zipped('z.writestr("besides", "x")')],
    ['a file twice', () => zipped('z.writestr("alpha/__init__.py", "x")')],
    ['half of it', () => writeFileSync(at, good.subarray(0, good.length >> 1))],
    ['nothing', () => writeFileSync(at, '')],
  ];
  for (const [way, change] of ways) {
    writeFileSync(at, good);
    change();
    expect([...(await unsound('pip', folder)).keys()], way).toHaveLength(1);
  }
});
