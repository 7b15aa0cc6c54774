import { readFile } from 'node:fs/promises';
import { isDigest } from '@excel2doc/oci';
import { EngineError } from './client/error';

/** `docker/images.lock.json`: which digest each base image is taken at. In git. */
export interface LockFile {
  format: 1;
  /** By the reference that a FROM has. */
  images: Record<string, LockedImage>;
  /**
   * By a Dockerfile, relative to the workspace: when its RUN steps were last made anew, as a part of
   * the keys of the stages that have one. Whatever is fresh is then fresh for everybody.
   */
  fresh?: Record<string, string>;
}

export interface LockedImage {
  /** Of the index; null while nobody has locked it. */
  digest: string | null;
  /** Platform -> digest of its manifest. */
  platforms?: Record<string, string>;
  /** The environment that it hands down, where that is the same on all platforms. */
  env?: Record<string, string>;
  /** Its ONBUILD triggers, where they are the same on all platforms. */
  onbuild?: string[];
  /** No registry had it when it was locked: who builds on it has to have it in the engine. */
  from?: 'engine';
}

/** @throws EngineError `LOCK_INVALID`, naming the file, the reference and what is wrong with it */
export function parseLock(text: string, file: string): LockFile {
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, 'is no JSON', cause);
  }
  if (!isRecord(lock) || lock['format'] !== 1) {
    const format = isRecord(lock) ? lock['format'] : undefined;
    throw invalid(file, `has format ${String(format)}, 1 is expected`);
  }
  if (!isRecord(lock['images'])) throw invalid(file, 'has no images');
  for (const [reference, image] of Object.entries(lock['images'])) {
    const [wrong, found] = whatIsWrong(image);
    if (wrong) throw invalid(file, `has ${wrong} for ${reference}${found ? `: ${found}` : ''}`);
  }
  const { fresh = {} } = lock;
  if (!isRecord(fresh)) throw invalid(file, 'has no list under "fresh"');
  for (const [dockerfile, at] of Object.entries(fresh))
    if (!isText(at) || at === '')
      throw invalid(file, `has no time for ${dockerfile} under "fresh": ${JSON.stringify(at)}`);
  return lock as unknown as LockFile;
}

/**
 * The lock, or undefined where there is none.
 *
 * @throws EngineError `LOCK_INVALID`
 */
export async function readLock(file: string): Promise<LockFile | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseLock(text, file);
}

function whatIsWrong(image: unknown): [what?: string, found?: string] {
  if (!isRecord(image)) return ['no entry'];
  const { digest, platforms = {}, env = {}, onbuild = [], from = 'engine' } = image;
  if (!isRecord(platforms)) return ['no list of platforms'];
  if (digest !== null && !isDigest(digest)) return ['no digest', String(digest)];
  const wrong = Object.values(platforms).find((each) => !isDigest(each));
  if (wrong !== undefined) return ['no digest', String(wrong)];
  if (!isRecord(env) || !Object.values(env).every(isText)) return ['an env that is no text'];
  if (!Array.isArray(onbuild) || !onbuild.every(isText)) return ['an onbuild that is no text'];
  if (from !== 'engine') return ['an origin that is none', String(from)];
  return [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(file: string, what: string, cause?: unknown): EngineError {
  return new EngineError('LOCK_INVALID', {
    message: `${file} ${what}`,
    hint: 'Take it back from git',
    cause,
  });
}
