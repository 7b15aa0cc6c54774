import { readFile } from 'node:fs/promises';
import type { ExecutorContext } from '@nx/devkit';
import type { LockedImage } from '@excel2doc/engine';
import {
  baseReferences,
  type DockerOptions,
  readLockedImages,
  resolveImage,
  StagesError,
  unlocked,
  writeLock,
} from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report } from '../report';

interface Options extends DockerOptions {
  check?: boolean;
  update?: boolean;
}

/** Writes at which digest each base image is taken; what is locked stays unless it is to be updated. */
export default function dockerLock(options: Options, context: ExecutorContext) {
  return report(async () => {
    const project = dockerProject(options, context);
    const path = project.absolute(project.lockFile);
    const images = await readLockedImages(path);
    const named = baseReferences(await readFile(project.absolute(project.dockerfile), 'utf8'), {
      file: project.dockerfile,
      platforms: project.platforms,
      ...project.buildArgs,
      // What another project builds is in no registry.
    }).filter((reference) => !(reference in project.projectImages));
    if (options.check) return check(options, unlocked(named, images));
    const all = [...new Set([...named, ...Object.keys(images)])].sort();
    const resolved: Record<string, LockedImage> = {};
    for (const reference of all) {
      const { digest = null, platforms, onbuild } = images[reference] ?? {};
      // One locked by hand, as a digest alone: what it hands down is asked for.
      const isWhole = digest !== null && (platforms ?? onbuild) !== undefined;
      if (options.update || !isWhole)
        resolved[reference] = await resolveImage(reference, options.update ? undefined : digest);
    }
    for (const reference of all)
      say(reference, images[reference]?.digest ?? null, resolved[reference]?.digest);
    // Another project's docker-lock may have written meanwhile.
    if (Object.keys(resolved).length > 0)
      await writeLock(path, { ...(await readLockedImages(path)), ...resolved });
  });
}

function check({ dockerfile, lockFile }: Options, missing: string[]): void {
  if (missing.length === 0) {
    process.stdout.write(`${lockFile} has every base image of ${dockerfile}\n`);
    return;
  }
  throw new StagesError('CHECK_FAILED', {
    message: `${dockerfile}: not in ${lockFile}: ${missing.join(', ')}`,
    hint: 'Lock with the target docker-lock',
  });
}

function say(reference: string, before: string | null, now: string | null = before): void {
  const change = before === now ? `${now} (unchanged)` : `${before ?? 'not locked'} -> ${now}`;
  process.stdout.write(`${reference}  ${change}\n`);
}
