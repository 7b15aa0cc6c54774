import { type Digest, digestOnPush } from '@excel2doc/oci';
import { readPlan } from '../plan/read';
import type { DockerProject } from '../workspace/docker-project';
import { annotationsAt, type Description } from '../names/description';
import { describedStage } from './described';
import { Outputs } from './outputs';

/**
 * What a registry will call a stage's image, as it is built now: the digest that `pushStage` gives.
 *
 * @throws StagesError `PLAN_MISSING` when the stage was not built
 */
export async function stageDigest(
  project: DockerProject,
  stage: string,
  said: Description,
): Promise<Digest> {
  const { platforms } = await readPlan(project, stage);
  return digestOnPush(
    await Promise.all(
      platforms.map(async ({ platform }) => {
        const outputs = await Outputs.open(project, platform);
        const annotations = annotationsAt(said.annotations, 'manifest-descriptor', platform);
        return { ...(await describedStage(outputs, stage, said)), annotations };
      }),
    ),
    annotationsAt(said.annotations, 'index'),
  );
}
