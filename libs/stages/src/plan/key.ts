import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { platformFolder } from '../workspace/paths';
import type { KeyedPlan } from './make';

/**
 * The key of a stage's output: its plan, the images of the stages that it builds on as they lie
 * there, and what else decides where the output goes.
 *
 * @param besides plain data
 * @throws where a stage below has no output
 */
export async function stageKey(
  project: DockerProject,
  plan: KeyedPlan,
  besides: unknown,
): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify(besides ?? null));
  hash.update(`\n${serialisePlan(plan)}`);
  for (const { platform, stages, base } of plan.platforms) {
    const below = new Set(base.kind === 'stage' ? [base.stage, ...stages] : stages);
    for (const stage of [...below].sort()) {
      const folder = join(project.stageDir(stage), platformFolder(platform));
      hash.update(`\n${stage} ${platform}\n`);
      hash.update(await readFile(join(folder, 'image.json')));
    }
  }
  return `stage-${hash.digest('hex')}`;
}

/** Whether a key says which plan its stage was made from. */
export function isStageKey(key: string): boolean {
  return /(?:^|-)stage-[0-9a-f]{64}$/.test(key);
}

/** A key under which nothing is kept. */
export function keyOfNothing(): string {
  return `unknown-${randomUUID()}`;
}
