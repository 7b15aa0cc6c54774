import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Reason, serialisePlan } from '@excel2doc/dockerfile';
import { replaceFile } from '@excel2doc/oci';
import { type FoundImagesFile, foundImagesFile } from '../bases/bases';
import type { DockerProject } from '../workspace/docker-project';
import { missingNotes } from '../secrets/state';
import { type KeyedPlan, makePlans } from './make';
import { removeOldLayouts } from '../bases/project-images';
import { hiddenFiles } from './own-outputs';

/**
 * Writes plan/<stage>.json for every stage; files of stages that are gone are removed.
 *
 * @param say told in one line each: what is not exact, what was found of images that nobody locked
 * @returns what was written
 * @throws as `makePlans` does; no plan is written then
 */
export async function writePlans(
  project: DockerProject,
  say: (line: string) => void,
): Promise<KeyedPlan[]> {
  const { plans, unlocked } = await makePlans(project);
  await mkdir(project.planDir, { recursive: true });
  const names = new Set(plans.map(({ stage }) => `${stage}.json`));
  for (const name of await readdir(project.planDir)) {
    if (!names.has(name)) await rm(join(project.planDir, name), { recursive: true });
  }
  const found = project.absolute(foundImagesFile(project.home));
  if (Object.keys(unlocked).length === 0) await rm(found, { force: true });
  else
    await replaceFile(found, `${JSON.stringify({ format: 1, images: unlocked }, undefined, 2)}\n`);
  await removeOldLayouts(project, unlocked);
  foundTexts(project.dockerfile, unlocked).forEach(say);
  const [hidden, ...more] = hiddenFiles(project);
  if (hidden !== undefined)
    say(
      `${project.dockerfile}: ${hidden}${more.length > 0 ? ` and ${more.length} more in such folders` : ''} cannot be copied: what is written while images are made is no part of a context. Move it to another folder`,
    );
  const written = plans.map(withNonce);
  for (const each of written) {
    // Other processes read it.
    await replaceFile(join(project.planDir, `${each.stage}.json`), serialisePlan(each));
    planNotes(project.dockerfile, each).forEach(say);
    missingNotes(project, each.stage, each.platforms).forEach(say);
  }
  return written;
}

/**
 * A stage that may not be cached gets a key of its own every time. Nx cannot be told at run time to
 * leave a task out of its cache.
 */
function withNonce(plan: KeyedPlan): KeyedPlan {
  const cacheable = plan.platforms.every(({ uncacheable }) => uncacheable.length === 0);
  return cacheable ? plan : { ...plan, madeAt: new Date().toISOString() };
}

/** Why a stage is not exact, not cached, or cannot be built: a line each. */
export function planNotes(dockerfile: string, { stage, platforms, refused }: KeyedPlan): string[] {
  const text = ({ reason, line }: Reason, effect: string) => {
    const at = line ? `${dockerfile}:${line}` : dockerfile;
    return `${at}: stage ${stage} ${effect}: ${reason}`;
  };
  const [first] = platforms;
  return [
    ...(refused ? [`stage ${stage} cannot be built: ${refused.message}`] : []),
    ...(first?.wholeContext ?? []).map((each) => text(each, 'is taken to read the whole context')),
    ...(first?.uncacheable ?? []).map((each) => text(each, 'is not cached')),
  ];
}

function foundTexts(dockerfile: string, images: FoundImagesFile['images']): string[] {
  return Object.entries(images).flatMap(([reference, platforms]) =>
    Object.entries(platforms).flatMap(([platform, found]) => {
      const { digest, layoutDir, project, isContext, standsFor } = found;
      if (isContext || standsFor !== undefined)
        return `${dockerfile}: ${reference} (${platform}) is a named context, ${standsFor ?? digest}`;
      if (project !== undefined)
        return `${dockerfile}: ${reference} (${platform}) is the image of project ${project.name}, ${digest}`;
      const from = layoutDir === undefined ? 'the registry' : 'the engine';
      return `${dockerfile}: ${reference} (${platform}) is ${digest} now, from ${from}`;
    }),
  );
}
