import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import { BUILT_PLAN } from '../plan/explain';
import { readPlan } from '../plan/read';
import type { DockerProject } from '../workspace/docker-project';
import { baseImages, withHealing } from './healing';
import { publishLayers } from './layer-store';
import type { Method } from './method';
import { Outputs } from './outputs';
import { buildStage } from './stage';
import { writeBuildTime } from './time';

export interface StageToMake {
  stage: string;
  /** The repository that its layers are kept in; absent where the output holds them. */
  layerRepository?: string | undefined;
}

/**
 * Makes one stage's thin output, for every platform of its plan, and says in a line each what came
 * of it.
 *
 * @throws StagesError `PLAN_MISSING`, `STAGE_REFUSED`; EngineError; OciError
 */
export async function makeStage(
  project: DockerProject,
  { stage, layerRepository }: StageToMake,
  say: (line: string) => void,
): Promise<void> {
  const file = await readPlan(project, stage);
  const start = performance.now();
  for (const plan of file.platforms) {
    const outputs = await Outputs.open(project, plan.platform);
    const compression = file.compression?.kind;
    const { record, method } = await withHealing(
      { project, outputs },
      { stages: plan.stages, images: baseImages(plan) },
      () => buildStage({ project, outputs, stage, plan, builder: file.builder, compression }),
    );
    if (layerRepository) await publishLayers(outputs.folder(stage), record, layerRepository);
    say(`${stage} ${plan.platform} ${record.digest} (${methodText(method)})`);
  }
  const folder = project.stageDir(stage);
  await writeFile(join(folder, BUILT_PLAN), serialisePlan(file));
  await writeBuildTime(folder, performance.now() - start);
}

function methodText(method: Method): string {
  if (method.kind === 'buildkit') return `by BuildKit: ${method.reason}`;
  return method.kind === 'podman' ? 'its RUN steps by Podman' : 'assembled';
}
