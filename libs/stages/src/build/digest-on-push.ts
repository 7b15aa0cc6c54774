import { type Digest, digestOnPush } from '@excel2doc/oci';
import { readPlan } from '../plan/read';
import type { DockerProject } from '../workspace/docker-project';
import { Outputs } from './outputs';

/**
 * What a registry will call a stage's image, as it is built now: the digest that `pushStage` gives.
 *
 * @throws StagesError `PLAN_MISSING` when the stage was not built
 */
export async function stageDigest(project: DockerProject, stage: string): Promise<Digest> {
  const { platforms } = await readPlan(project, stage);
  return digestOnPush(
    await Promise.all(
      platforms.map(async ({ platform }) => {
        const outputs = await Outputs.open(project, platform);
        const { record } = await outputs.read(stage);
        return { record, source: await outputs.source(stage) };
      }),
    ),
  );
}
