import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { type FileHere, staysBelow } from './kept-file';
import { type MountKind, partnerOf } from './mount-kinds';
import { answerProblem, isPackage, MOST_BYTES } from './pip-answer';
import { readZip } from './zip';

/** A path of a mount, and what is wrong with it. */
export type Unsound = Map<string, string>;

type FileAt = FileHere & { at: string };
type Check = (file: FileAt, files: ReadonlyMap<string, FileHere>) => Promise<string | undefined>;

/** Damaged, or put there by somebody. */
export const WRONG = 'its content is another than its name says';

/**
 * Which files of a mount are not what its tool would have there: damaged, put there by somebody, or what it
 * would not hold to anything outside. With a file its other half is unsound.
 *
 * @param files that lie here
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
    const problem = await problemOf(kind, file, byPath, target);
    if (problem === undefined) continue;
    const partner = partnerOf(kind, file.path);
    for (const path of [file.path, partner])
      if (path !== undefined && byPath.has(path)) unsound.set(path, problem);
  }
  return unsound;
}

async function problemOf(
  kind: MountKind,
  file: FileHere,
  files: ReadonlyMap<string, FileHere>,
  target: string,
): Promise<string | undefined> {
  const { type, path, at } = file;
  if (type === 'directory') return undefined;
  if (type === 'symlink') {
    if (kind !== 'other') return 'it is a link';
    return staysBelow(path, file.link, target) ? undefined : 'it leads out of the mount';
  }
  const check = CHECKS[kind];
  if (!check || at === undefined) return undefined;
  return check({ ...file, at }, files).catch((error: unknown) => (error as Error).message);
}

/** pip asks the index for the digest of each package, and holds what it kept to it. */
async function checkPip({ path, at, ...file }: FileAt): Promise<string | undefined> {
  if (path.endsWith('.body'))
    return isPackage(await firstBytes(at, 6)) ? undefined : 'it is no package';
  if (file.type === 'file' && file.sizeBytes > MOST_BYTES) return 'it is too long for an answer';
  return answerProblem(await readFile(at));
}

/** npm asks for a tarball by its digest, which is its name. A list of versions is asked for again. */
async function checkNpm({ path, at }: FileAt): Promise<string | undefined> {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(at)) hash.update(chunk as Buffer);
  if (!path.replaceAll('/', '').endsWith(`sha512${hash.digest('hex')}`)) return WRONG;
  return (await firstBytes(at, 2)) === '1f8b' ? undefined : 'it is no package';
}

/**
 * Go holds the digest beside a module to go.sum, and does not read the module again: so the module is held
 * to the digest here. A `.mod` Go itself holds to go.sum.
 *
 * @see golang.org/x/mod/sumdb/dirhash, Hash1
 */
async function checkGo(
  { path, at }: FileAt,
  files: ReadonlyMap<string, FileHere>,
): Promise<string | undefined> {
  if (!path.endsWith('.zip')) return undefined;
  const beside = files.get(`${path}hash`)?.at;
  if (beside === undefined) return 'no digest lies beside it';
  return (await readFile(beside, 'utf8')).trim() === (await goDigest(at)) ? undefined : WRONG;
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

const CHECKS: Partial<Record<MountKind, Check>> = { pip: checkPip, npm: checkNpm, go: checkGo };

async function firstBytes(at: string, count: number): Promise<string> {
  const file = await open(at);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await file.close();
  }
}
