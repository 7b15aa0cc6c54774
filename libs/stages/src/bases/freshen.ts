import { readFile } from 'node:fs/promises';
import { type LockedImage, readLock } from '@excel2doc/engine';
import { StagesError } from '../workspace/fault';
import type { DockerProject } from '../workspace/docker-project';
import { Bases } from './bases';
import { baseReferences, changeLock, inRegistries } from './lock';
import { lockedText, lockImage } from './lock-image';

/**
 * Has a Dockerfile's images made anew by whoever builds them next: its base images are locked to what
 * the registry has now, and the stages with a RUN step get other keys. Both stand in the lock, which is
 * in git, so a cache cannot bring back what is older, here or on another machine.
 *
 * @param now of this moment: two calls are two values
 * @param say told in one line each what was locked
 * @throws StagesError `BASE_UNAVAILABLE` where a base cannot be asked for; the lock is then as it was
 */
export async function freshen(
  project: DockerProject,
  now: Date,
  say: (line: string) => void,
): Promise<void> {
  const { dockerfile: file, platforms, root, lockFile } = project;
  const path = project.absolute(lockFile);
  const text = await readFile(project.absolute(file), 'utf8');
  const references = inRegistries(
    baseReferences(text, { file, platforms, ...project.buildArgs }),
    project,
  );
  const bases = await Bases.read(root, lockFile);
  const before = (await readLock(path))?.images ?? {};
  const resolved: Record<string, LockedImage> = {};
  const failed: string[] = [];
  await Promise.all(
    references.map(async (reference) => {
      // Also with a registry at hand, what is built here would be built on the stand-in.
      if (platforms.every((each) => bases.standIn(reference, each))) return;
      try {
        const { digest, from } = before[reference] ?? {};
        // An image that no registry ever had is what the engine has now.
        const orEngine = !digest || from === 'engine';
        resolved[reference] = await lockImage(reference, project, { orEngine });
      } catch (error) {
        failed.push((error as Error).message);
      }
    }),
  );
  if (failed.length > 0)
    throw new StagesError('BASE_UNAVAILABLE', {
      message: failed.sort().join('; '),
      hint: 'Nothing was made fresh, and the lock is as it was. NX_STAGES_REGISTRY_MIRROR=HOST names a mirror of Docker Hub',
    });
  for (const reference of references)
    say(change(reference, before[reference], resolved[reference]));
  const at = now.toISOString();
  await changeLock(path, ({ images, fresh }) => ({
    images: { ...images, ...resolved },
    fresh: { ...fresh, [file]: at },
  }));
  say(`${file}  RUN steps are made anew, as of ${at}: commit ${lockFile}, and everybody has them`);
}

function change(reference: string, before?: LockedImage, now?: LockedImage): string {
  if (!now) return `${reference}  a stand-in of this machine, which stays`;
  return lockedText(reference, before?.digest, now.digest);
}
