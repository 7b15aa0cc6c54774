import { readFile } from 'node:fs/promises';
import type { ExecutorContext } from '@nx/devkit';
import { type LockedImage, readLock } from '@excel2doc/engine';
import { hasCode } from '@excel2doc/oci';
import {
  baseReferences,
  changeLock,
  inRegistries,
  type DockerOptions,
  type DockerProject,
  freshen,
  lockedText,
  lockImage,
  StagesError,
  unlocked,
} from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';

interface Options extends DockerOptions {
  check?: boolean;
  update?: boolean;
  fresh?: boolean;
}

/** Writes at which digest each base image is taken; what is locked stays unless it is to be updated. */
export default function dockerLock(options: Options, context: ExecutorContext) {
  return report(async () => {
    const project = dockerProject(options, context);
    if (options.fresh) return fresh(options, project);
    const path = project.absolute(project.lockFile);
    const images = (await readLock(path))?.images ?? {};
    const text = await readFile(project.absolute(project.dockerfile), 'utf8');
    const { dockerfile: file, platforms } = project;
    const references = baseReferences(text, { file, platforms, ...project.buildArgs });
    const named = inRegistries(references, project);
    if (options.check) return check(options, unlocked(named, images));
    const all = [...new Set([...named, ...Object.keys(images)])].sort();
    const resolved: Record<string, LockedImage> = {};
    const failed = new Map<string, Error>();
    const lock = async (reference: string) => {
      const { digest = null, platforms, onbuild } = images[reference] ?? {};
      // One locked by hand, as a digest alone: what it hands down is asked for.
      const isWhole = digest !== null && (platforms ?? onbuild) !== undefined;
      if (isWhole && !options.update) return;
      try {
        const known = options.update ? undefined : digest;
        resolved[reference] = await lockImage(reference, project, {
          digest: known,
          orEngine: !known,
        });
      } catch (error) {
        if (!hasCode(error, 'REGISTRY') && !(error instanceof StagesError)) throw error;
        failed.set(reference, error as Error);
      }
    };
    // At once: a registry that does not answer takes half a minute.
    await Promise.all(all.map(lock));
    const changeOf = (reference: string) => {
      const before = images[reference]?.digest;
      return lockedText(reference, before, resolved[reference]?.digest ?? before);
    };
    for (const reference of all.filter((each) => !failed.has(each))) sayLine(changeOf(reference));
    if (Object.keys(resolved).length > 0)
      await changeLock(path, (now) => ({ ...now, images: { ...now.images, ...resolved } }));
    refuseFailed(failed, Object.keys(resolved).length);
  });
}

/** @throws StagesError `OPTION_REFUSED` with --check, which changes nothing */
async function fresh(options: Options, project: DockerProject): Promise<void> {
  if (options.check)
    throw new StagesError('OPTION_REFUSED', {
      message: '--check changes nothing, and --fresh writes the lock',
      hint: 'Leave one of them out',
    });
  await freshen(project, new Date(), sayLine);
}

/** @throws StagesError naming each image that could not be locked, after the others were */
function refuseFailed(failed: ReadonlyMap<string, Error>, locked: number): void {
  const [first, ...others] = [...failed].map(([reference, { message }]) =>
    message.includes(reference) ? message : `${reference} cannot be locked: ${message}`,
  );
  if (first === undefined) return;
  const rest = locked > 0 ? 'The others are locked' : 'The lock is as it was';
  throw new StagesError('BASE_UNAVAILABLE', {
    message: [first, ...others].sort().join('; '),
    hint: `${rest}. NX_STAGES_REGISTRY_MIRROR=HOST names a mirror of Docker Hub`,
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
