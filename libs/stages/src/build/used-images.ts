import { readPlan } from '../plan/read';
import type { DockerProject } from '../workspace/docker-project';

/** An image that a stage is made from: its base, or one that a step reads. */
export interface UsedImage {
  reference: string;
  /** Null where nothing has locked it. */
  digest: string | null;
}

/**
 * The images that a stage and all stages below it are made from, each once, by name.
 *
 * @throws StagesError `PLAN_MISSING` when one of them was not planned
 */
export async function usedImages(
  project: Pick<DockerProject, 'root' | 'home'>,
  stage: string,
): Promise<UsedImage[]> {
  const used = new Map<string, UsedImage>();
  const queue = [stage];
  for (const name of queue) {
    for (const { base, images, stages } of (await readPlan(project, name)).platforms) {
      const own = base.kind === 'image' ? [base, ...images] : images;
      for (const { reference, digest } of own)
        used.set(`${reference} ${digest}`, { reference, digest });
      const below = base.kind === 'stage' ? [base.stage, ...stages] : stages;
      queue.push(...below.filter((each) => !queue.includes(each)));
    }
  }
  return [...used.keys()].sort().map((key) => used.get(key)!);
}
