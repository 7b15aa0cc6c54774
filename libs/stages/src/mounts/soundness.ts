import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { cargoChecksums } from './cargo-index';
import { type FileHere, staysBelow } from './kept-file';
import type { MountKind } from './mount-kinds';
import { npmIntegrities } from './npm-index';
import { readZip } from './zip';
import { recordProblem, zipRecordProblem } from './wheel-record';

/** A path of a mount, and what is wrong with it. */
export type Unsound = Map<string, string>;

type Check = (files: ReadonlyMap<string, FileHere>) => Promise<Unsound>;

/**
 * Which files of a mount are not what its own tool has written down of them: damaged, or put there by
 * somebody. Only those that lie here are read; what was kept before was found sound then.
 *
 * @param files all that the mount is to have
 * @param target where the mount lies in a container
 */
export async function findUnsound(
  kind: MountKind,
  files: readonly FileHere[],
  target: string,
): Promise<Unsound> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const unsound: Unsound = new Map();
  for (const file of files) {
    if (file.type === 'symlink' && !staysBelow(file.path, file.link, target))
      unsound.set(file.path, 'it leads out of the mount');
  }
  const check = CHECKS[kind];
  if (check) for (const [path, problem] of await check(byPath)) unsound.set(path, problem);
  return unsound;
}

/** Says what is wrong with each file that lies here; undefined for nothing. */
async function eachHere(
  files: ReadonlyMap<string, FileHere>,
  problemOf: (file: FileHere & { at: string }) => Promise<string | undefined>,
): Promise<Unsound> {
  const unsound: Unsound = new Map();
  for (const file of files.values()) {
    if (file.type !== 'file' || file.at === undefined) continue;
    const problem = await problemOf(file as FileHere & { at: string }).catch(
      (error: unknown) => (error as Error).message,
    );
    if (problem !== undefined) unsound.set(file.path, problem);
  }
  return unsound;
}

/**
 * pip asks the index for the digest of each file and holds what it kept to it. So what is kept has to be a
 * wheel or a source archive, never a page of the index; a wheel has to agree with its own RECORD, as those
 * that pip built have nothing else to be held to.
 */
async function checkPip(files: ReadonlyMap<string, FileHere>): Promise<Unsound> {
  const unsound = await eachHere(files, async ({ path, at }) => {
    if (path.endsWith('.whl')) return zipRecordProblem(at);
    if (!/^http/.test(path) || !path.endsWith('.body')) return undefined;
    const magic = await firstBytes(at, 6);
    if (magic.startsWith('504b0304')) return zipRecordProblem(at);
    return /^(1f8b|425a68|fd377a585a00)/.test(magic) ? undefined : 'it is no package';
  });
  // What answered a question, and its body, are two files.
  for (const path of files.keys()) {
    if (!/^http/.test(path) || files.get(path)?.type !== 'file') continue;
    const other = path.endsWith('.body') ? path.slice(0, -'.body'.length) : `${path}.body`;
    if (!files.has(other)) unsound.set(path, 'its other half is not there');
    else if (unsound.has(other)) unsound.set(path, unsound.get(other)!);
  }
  return unsound;
}

/** An unpacked wheel is held to its RECORD, all of it or nothing. */
async function checkUv(files: ReadonlyMap<string, FileHere>): Promise<Unsound> {
  const unsound = await eachHere(files, async ({ path, at }) =>
    path.endsWith('.whl') ? zipRecordProblem(at) : undefined,
  );
  const archives = new Map<string, FileHere[]>();
  for (const file of files.values()) {
    const [archive] = /^archive-v\d+\/[^/]+/.exec(file.path) ?? [];
    if (archive) archives.set(archive, [...(archives.get(archive) ?? []), file]);
  }
  for (const [archive, own] of archives) {
    const problem = await unpackedProblem(archive, own);
    if (problem !== undefined) for (const { path } of own) unsound.set(path, problem);
  }
  for (const file of files.values()) {
    if (file.type !== 'symlink') continue;
    const [archive] = /archive-v\d+\/[^/]+/.exec(file.link) ?? [];
    const first = archive === undefined ? undefined : archives.get(archive)?.[0];
    if (!first || unsound.has(first.path)) unsound.set(file.path, 'it leads to nothing');
  }
  return unsound;
}

async function unpackedProblem(archive: string, own: FileHere[]): Promise<string | undefined> {
  const record = own.find(({ path }) => /^[^/]+\.dist-info\/RECORD$/.test(rest(path, archive)));
  if (record?.at === undefined) return 'it has no RECORD';
  const digests = new Map<string, string | undefined>();
  for (const file of own) {
    if (file.type === 'symlink') return `it has a link, ${file.path}`;
    if (file.type === 'file')
      digests.set(rest(file.path, archive), file.at && (await digest('sha256', file.at)));
  }
  return recordProblem(await readFile(record.at, 'utf8'), digests);
}

const rest = (path: string, folder: string) => path.slice(folder.length + 1);

/** Its store names each file by its digest. What no tarball's entry names is a list that is asked for again. */
async function checkNpm(files: ReadonlyMap<string, FileHere>): Promise<Unsound> {
  const wanted = new Set<string>();
  const unsound = await eachHere(files, async ({ path, at }) => {
    if (!path.startsWith('_cacache/index-v5/')) return undefined;
    const found = npmIntegrities(await readFile(at, 'utf8'));
    if (!found) return 'it is of no tarball, or damaged';
    for (const integrity of found) wanted.add(integrity);
    return undefined;
  });
  const content = await eachHere(files, async ({ path, at }) => {
    const [, algorithm, ...hex] =
      /^_cacache\/content-v2\/(sha1|sha256|sha512)\/(\w\w)\/(\w\w)\/(\w+)$/.exec(path) ?? [];
    if (!algorithm) return path.startsWith('_cacache/index-v5/') ? undefined : 'it is not known';
    return (await digest(algorithm, at, 'hex')) === hex.join('') ? undefined : WRONG;
  });
  for (const [path, problem] of content) unsound.set(path, problem);
  for (const path of files.keys()) {
    const [, algorithm = '', hex = ''] = /^_cacache\/content-v2\/(\w+)\/(.+)$/.exec(path) ?? [];
    if (files.get(path)?.type !== 'file' || !algorithm || unsound.has(path)) continue;
    const base64 = Buffer.from(hex.replaceAll('/', ''), 'hex').toString('base64');
    if (!wanted.has(`${algorithm}-${base64}`)) unsound.set(path, 'no tarball’s entry names it');
  }
  return unsound;
}

const WRONG = 'its content is another than its name says';

/** Its store names each file by its digest. */
function checkPnpm(files: ReadonlyMap<string, FileHere>): Promise<Unsound> {
  return eachHere(files, async ({ path, at }) => {
    const [, head = '', tail = ''] = /\/files\/(\w\w)\/([0-9a-f]+)(?:-exec)?$/.exec(path) ?? [];
    if (tail === '') return undefined;
    return (await digest('sha512', at, 'hex')) === head + tail ? undefined : WRONG;
  });
}

/**
 * Go holds the digest beside a module to go.sum, and does not read the module again: so the module is held
 * to the digest here.
 *
 * @see golang.org/x/mod/sumdb/dirhash, Hash1
 */
async function checkGo(files: ReadonlyMap<string, FileHere>): Promise<Unsound> {
  const unsound = await eachHere(files, async ({ path, at }) => {
    if (!path.endsWith('.zip')) return undefined;
    const beside = files.get(`${path}hash`)?.at;
    if (beside === undefined) return 'no digest lies beside it';
    return (await readFile(beside, 'utf8')).trim() === (await goDigest(at)) ? undefined : WRONG;
  });
  for (const path of files.keys()) {
    if (!path.endsWith('.ziphash')) continue;
    const module = path.slice(0, -'hash'.length);
    if (!files.has(module) || unsound.has(module)) unsound.set(path, 'its module is not there');
  }
  return unsound;
}

async function goDigest(path: string): Promise<string> {
  const lines: string[] = [];
  for await (const { name, content } of readZip(path)) {
    if (name.includes('\n')) throw new Error('a name in it has a newline');
    const hash = createHash('sha256');
    for await (const chunk of content()) hash.update(chunk);
    lines.push(`${hash.digest('hex')}  ${name}\n`);
  }
  const inOrder = lines
    .map((line) => ({ line, name: Buffer.from(line.slice(66)) }))
    .sort((a, b) => Buffer.compare(a.name, b.name));
  const all = createHash('sha256');
  for (const { line } of inOrder) all.update(line);
  return `h1:${all.digest('base64')}`;
}

/** Cargo holds a crate to the index when it fetches it, and what the index says to Cargo.lock each time. */
async function checkCargo(files: ReadonlyMap<string, FileHere>): Promise<Unsound> {
  const known = new Map<string, string>();
  for (const { path, at, type } of files.values()) {
    if (type !== 'file' || at === undefined || !path.includes('/.cache/')) continue;
    for (const [crate, checksum] of cargoChecksums(await readFile(at))) known.set(crate, checksum);
  }
  return eachHere(files, async ({ path, at }) => {
    if (!path.endsWith('.crate')) return undefined;
    const checksum = known.get(posix.basename(path, '.crate'));
    if (checksum === undefined) return 'the index says nothing of it';
    return (await digest('sha256', at, 'hex')) === checksum ? undefined : WRONG;
  });
}

const CHECKS: Partial<Record<MountKind, Check>> = {
  pip: checkPip,
  uv: checkUv,
  npm: checkNpm,
  pnpm: checkPnpm,
  go: checkGo,
  cargo: checkCargo,
};

async function digest(algorithm: string, at: string, form: 'hex' | 'base64url' = 'base64url') {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(at)) hash.update(chunk as Buffer);
  return hash.digest(form);
}

async function firstBytes(at: string, count: number): Promise<string> {
  const file = await open(at);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await file.close();
  }
}
