import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type BaseInput, type Dockerfile, readStages } from '@excel2doc/dockerfile';
import { parseReference } from '@excel2doc/oci';
import { type LockFile, type LockedImage, readLock } from '@excel2doc/engine';
import { contextOf, type NamedContexts } from '../workspace/named-contexts';

export interface References {
  /** As it stands in errors. */
  file: string;
  platforms: readonly string[];
  buildArgs?: Record<string, string>;
  /** What is known of images already: their triggers name others. */
  bases?: Record<string, BaseInput>;
}

/** Every image that a Dockerfile reads, for any of the platforms, sorted; those by digest need no lock. */
export function baseReferences(
  source: string | Dockerfile,
  { platforms, ...options }: References,
): string[] {
  const stages = platforms.flatMap((platform) => readStages(source, { ...options, platform }));
  const references = stages.flatMap(({ base, images }) =>
    base.kind === 'image' ? [base.reference, ...images] : images,
  );
  return [...new Set(references)].filter((each) => !parseReference(each).digest).sort();
}

/**
 * Of images that a Dockerfile names, those that a registry or an engine has: no project's, and of named
 * contexts the images that they are other names of.
 */
export function inRegistries(
  references: readonly string[],
  {
    projectImages,
    namedContexts,
  }: { projectImages: Readonly<Record<string, unknown>>; namedContexts: NamedContexts },
): string[] {
  const found = references.flatMap((reference) => {
    if (Object.hasOwn(projectImages, reference)) return [];
    const context = contextOf(namedContexts, reference);
    if (!context) return reference;
    const isByDigest = context.kind === 'image' && parseReference(context.reference).digest;
    return context.kind === 'image' && !isByDigest ? context.reference : [];
  });
  return [...new Set(found)].sort();
}

export type LockContent = Omit<LockFile, 'format'>;

export function unlocked(references: readonly string[], images: LockFile['images']): string[] {
  return references.filter((reference) => !images[reference]?.digest);
}

/** The lock as text: the same content gives the same bytes. */
export function lockText({ images, fresh = {} }: LockContent): string {
  const sorted = Object.keys(images)
    .sort()
    .map((reference) => {
      const { digest = null, platforms, env, onbuild, from } = images[reference] ?? {};
      const image: LockedImage = {
        digest,
        ...(platforms && { platforms: byName(platforms) }),
        ...(env && { env: byName(env) }),
        ...(onbuild && { onbuild }),
        ...(from && { from }),
      };
      return [reference, image];
    });
  const lock: LockFile = {
    format: 1,
    images: Object.fromEntries(sorted),
    ...(Object.keys(fresh).length > 0 && { fresh: byName(fresh) }),
  };
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}

function byName(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Changes the lock: projects that are locked at one time each keep what the others wrote. A reader sees
 * the old lock or the new one, never half of it.
 *
 * @param edit given what stands there now
 */
export async function changeLock(
  path: string,
  edit: (now: LockContent) => LockContent,
): Promise<void> {
  const draft = `${path}.draft`;
  // Nobody has made it where the plugin came before the first Dockerfile.
  await mkdir(dirname(path), { recursive: true });
  await alone(draft);
  try {
    await writeFile(draft, lockText(edit((await readLock(path)) ?? { images: {} })));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Nobody holds it for more than some milliseconds; one that was killed has left its draft. */
const HELD_MS = 10_000;

/** Makes the draft, which only one can; others wait until it is gone. */
async function alone(draft: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(draft, '', { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = await stat(draft).catch(() => undefined);
    if (held && Date.now() - held.mtimeMs > HELD_MS) await rm(draft, { force: true });
    else await setTimeout(5 + Math.random() * 20);
  }
}
