import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, lutimes, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PlanFile } from '@excel2doc/dockerfile';
import { StagesError } from '../workspace/fault';

/**
 * Copies exactly the files of a plan from the context to `target`, which BuildKit then takes as its
 * context. Three things hold because of it:
 *
 * - BuildKit sees what the key was made from: a file that changed since the plan is refused.
 * - BuildKit syncs a context by size and time and misses an edit that keeps both (buildkit#2592);
 *   here the time is made from the content, so another content is another time. With a `timeS` of now
 *   it is the same for all, and newer than what was made of an earlier content.
 * - Nothing that the plan leaves out can reach the image, and each file has the plan's mode, whatever
 *   umask this process has.
 *
 * @throws StagesError `FILE_CHANGED` naming the first file that is not what the plan says.
 */
export async function snapshotContext(
  contextDir: string,
  files: PlanFile[],
  target: string,
  timeS?: number,
): Promise<void> {
  const timeOf = timeS === undefined ? timeOfContent : () => timeS;
  await mkdir(target, { recursive: true });
  for (const file of files)
    await copy(file, join(contextDir, file.path), join(target, file.path), timeOf);
  // Deepest first: writing into a folder sets its time again.
  for (const [folder, mode] of [...foldersOf(files)].sort().reverse()) {
    const path = join(target, folder);
    await chmod(path, Number.parseInt(mode, 8));
    await lutimes(path, timeOf(folder), timeOf(folder));
  }
}

/** Gives all that `snapshotContext` copied another time, in seconds. */
export async function touchContext(
  files: readonly PlanFile[],
  target: string,
  timeS: number,
): Promise<void> {
  for (const { path, type } of files)
    if (type !== 'special') await lutimes(join(target, path), timeS, timeS);
  for (const folder of foldersOf(files).keys()) await lutimes(join(target, folder), timeS, timeS);
}

/** Every folder that there is then, with its mode: of those that only lead to a file, 0755. */
function foldersOf(files: readonly PlanFile[]): Map<string, string> {
  const folders = new Map([['.', '0755']]);
  for (const { path } of files)
    for (let at = dirname(path); at !== '.'; at = dirname(at)) folders.set(at, '0755');
  for (const { type, path, mode } of files)
    // Empty where the stage takes only what is in the folder.
    if (type === 'directory') folders.set(path, mode || '0755');
  return folders;
}

async function copy(
  file: PlanFile,
  from: string,
  to: string,
  timeOf: (content: string) => number,
): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  if (file.type === 'directory') {
    await mkdir(to, { recursive: true });
    return;
  }
  if (file.type === 'symlink') {
    await symlink(file.link ?? '', to);
    await lutimes(to, timeOf(file.link ?? ''), timeOf(file.link ?? ''));
    return;
  }
  // BuildKit leaves sockets out of a context, and nothing reads a device of one.
  if (file.type === 'special') return;
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(createReadStream(from), hashing, createWriteStream(to)).catch((cause: unknown) => {
    throw changed(file.path, cause);
  });
  const digest = `sha256:${hash.digest('hex')}`;
  // A requirements file is keyed by its meaning, which its bytes do not show.
  if (file.by === undefined && digest !== file.digest) throw changed(file.path);
  await chmod(to, Number.parseInt(file.mode, 8));
  await lutimes(to, timeOf(digest), timeOf(digest));
}

function changed(path: string, cause?: unknown): StagesError {
  return new StagesError('FILE_CHANGED', {
    message: `${path} changed while it was being built`,
    hint: 'Run it again',
    cause,
  });
}

/** A time in the past, in whole seconds, that stands for a content: 1980 to 2014. */
function timeOfContent(content: string): number {
  const number = createHash('sha256').update(content).digest().readUInt32BE();
  return 315_532_800 + (number % 2 ** 30);
}
