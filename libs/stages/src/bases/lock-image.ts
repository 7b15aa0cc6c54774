import type { LockedImage } from '@excel2doc/engine';
import type { DockerProject } from '../workspace/docker-project';
import { enginePlatform } from '../workspace/platform';
import { lockFromEngine } from './find-unlocked';
import { resolveImage } from './resolve';

/**
 * What a registry has of an image, as the lock keeps it; of what none has, what the engine has, which is
 * then locked by its digest.
 *
 * @param from `digest`: asked for instead of the tag; `orEngine`: whether the engine may be asked
 * @throws StagesError `BASE_UNAVAILABLE`
 */
export async function lockImage(
  reference: string,
  project: DockerProject,
  { digest, orEngine }: { digest?: string | null | undefined; orEngine: boolean },
): Promise<LockedImage> {
  try {
    return await resolveImage(reference, digest);
  } catch (error) {
    const [platform = enginePlatform()] = project.platforms;
    const kept = orEngine
      ? await lockFromEngine(reference, platform, project.engineChoice)
      : undefined;
    if (!kept) throw error;
    return kept;
  }
}

/** A line on what became of an image in the lock. */
export function lockedText(
  reference: string,
  before: string | null | undefined,
  now: string | null | undefined,
): string {
  const was = before ?? null;
  const is = now ?? null;
  return `${reference}  ${was === is ? `${is} (unchanged)` : `${was ?? 'not locked'} -> ${is}`}`;
}
