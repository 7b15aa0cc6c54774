import { readFile } from 'node:fs/promises';
import { EngineError } from '@excel2doc/engine';

/** `docker/images.lock.json`: which content each image reference means. */
export interface ImagesLock {
  format: 1;
  images: Record<string, LockedImage>;
}

export interface LockedImage {
  /** Of the index; null while nobody has locked it. */
  digest: string | null;
  /** Platform -> digest of its manifest, where known. */
  platforms?: Record<string, string>;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws EngineError `LOCK_INVALID`, naming the reference and what is wrong with it */
export function parseLock(text: string, file: string): ImagesLock {
  let lock: Partial<ImagesLock>;
  try {
    lock = JSON.parse(text) as Partial<ImagesLock>;
  } catch (cause) {
    throw invalid(file, 'is no JSON', cause);
  }
  if (lock.format !== 1 || typeof lock.images !== 'object') {
    throw invalid(file, `has format ${String(lock.format)}, 1 is expected`);
  }
  for (const [reference, image] of Object.entries(lock.images)) {
    const digests = [image.digest, ...Object.values(image.platforms ?? {})];
    const wrong = digests.find((each) => each !== null && !DIGEST.test(each));
    if (wrong !== undefined) throw invalid(file, `has no digest for ${reference}: ${wrong}`);
  }
  return lock as ImagesLock;
}

export async function readLock(file: string): Promise<ImagesLock> {
  return parseLock(await readFile(file, 'utf8'), file);
}

function invalid(file: string, what: string, cause?: unknown): EngineError {
  return new EngineError('LOCK_INVALID', {
    message: `${file} ${what}`,
    hint: 'Take it back from git',
    cause,
  });
}
