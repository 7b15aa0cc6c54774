import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PLAN_FORMAT, type StagePlan } from '@excel2doc/dockerfile';
import { StagesError } from '../workspace/fault';
import { planFolder } from '../workspace/paths';
import type { DockerProject } from '../workspace/docker-project';
import type { KeyedPlan } from './make';
import { runPlatform } from './run-platform';

/**
 * @throws StagesError `PLAN_MISSING` when docker-plan has not run, or was another version's;
 *   `STAGE_REFUSED` when the stage cannot be built.
 */
export async function readPlan(
  { root, home }: Pick<DockerProject, 'root' | 'home'>,
  stage: string,
): Promise<KeyedPlan> {
  const path = join(planFolder(home), `${stage}.json`);
  const text = await readFile(join(root, path), 'utf8').catch(() => undefined);
  const plan = text === undefined ? undefined : (JSON.parse(text) as KeyedPlan);
  if (plan?.refused) throw new StagesError('STAGE_REFUSED', plan.refused);
  if (plan?.format === PLAN_FORMAT) return plan;
  throw new StagesError('PLAN_MISSING', {
    message: `${path} ${plan ? 'is of another version of the plugin' : 'is not there'}`,
    hint: 'Run the target docker-plan first',
  });
}

/** The platform that the RUN steps of a stage run on, by what its project has planned. @throws as `readPlan` does */
export function plannedRunPlatform(
  project: Pick<DockerProject, 'root' | 'home'>,
  plan: Pick<StagePlan, 'platform' | 'base'>,
): Promise<string> {
  return runPlatform(plan, async (stage) => {
    const { platforms } = await readPlan(project, stage);
    return platforms.find(({ platform }) => platform === plan.platform);
  });
}
