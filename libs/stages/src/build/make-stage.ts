import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import { EngineError } from '@excel2doc/engine';
import type { LayerPlace } from '@excel2doc/oci';
import { BUILT_PLAN } from '../plan/explain';
import type { CacheMounts } from '../workspace/cache-mounts-option';
import type { KeyedPlan } from '../plan/make';
import { readPlan } from '../plan/read';
import { checkSecrets, missingNotes } from '../secrets/state';
import type { DockerProject } from '../workspace/docker-project';
import { BuildLog, type Telling } from './build-log';
import { baseImages, withHealing } from './healing';
import { publishLayers } from './layer-store';
import type { Method } from './method';
import { Outputs } from './outputs';
import { buildStage } from './stage';
import type { StageBuild } from './stage-build';
import { writeBuildTime } from './time';

export interface StageToMake {
  stage: string;
  /** The repository that its layers are kept in; absent where the output holds them. */
  layerRepository?: string | undefined;
  /** Its layers are kept in Nx's remote cache, where there is one: each by itself. */
  layersInCache?: boolean | undefined;
  /** What lies in its cache mounts is kept in Nx's remote cache, where there is one. In no key. */
  cacheMounts?: CacheMounts | undefined;
}

/**
 * Makes one stage's thin output, for every platform of its plan, and says in a line each what came
 * of it. How far BuildKit is, is shown as it comes where `show` is given.
 *
 * @throws StagesError `PLAN_MISSING`, `STAGE_REFUSED`, `SECRET_MISSING`; EngineError; OciError
 */
export async function makeStage(
  project: DockerProject,
  { stage, ...options }: StageToMake,
  say: Telling['say'],
  show?: Telling['show'],
): Promise<void> {
  const file = await readPlan(project, stage);
  checkSecrets(project, stage, file);
  missingNotes(project, stage, file.platforms).forEach(say);
  const start = performance.now();
  const log = new BuildLog(project, stage, { say, show });
  try {
    const mounts = options.cacheMounts && { ...options.cacheMounts, say };
    await makePlatforms(project, file, { place: layerPlace(options), mounts, log, say });
  } catch (error) {
    throw log.isKept ? withLog(error, log.path) : error;
  } finally {
    log.close();
  }
  const folder = project.stageDir(stage);
  await writeFile(join(folder, BUILT_PLAN), serialisePlan(file));
  await writeBuildTime(folder, performance.now() - start);
}

/** What a failed step printed is cut, or named by its cause alone: the whole is in the log. */
function withLog(error: unknown, path: string): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code, message, hint, stderr } = error;
  return new EngineError(code, {
    message,
    stderr,
    cause: error,
    hint: `${hint}; the whole log: ${path}`,
  });
}

interface Making {
  place: LayerPlace | undefined;
  mounts: StageBuild['mounts'];
  log: BuildLog;
  say: Telling['say'];
}

async function makePlatforms(
  project: DockerProject,
  file: KeyedPlan,
  { place, mounts, log, say }: Making,
): Promise<void> {
  const { stage } = file;
  for (const plan of file.platforms) {
    const start = performance.now();
    const outputs = await Outputs.open(project, plan.platform);
    const compression = file.compression?.kind;
    const { layering } = file;
    const { record, method, builder } = await withHealing(
      { project, outputs },
      { stages: plan.stages, images: baseImages(plan) },
      () =>
        buildStage({
          project,
          outputs,
          stage,
          plan,
          compression,
          layering,
          builder: file.builder,
          secrets: file.secrets,
          fresh: file.fresh,
          mounts,
          warn: (line) => say(`! ${line}`),
          onProgress: log.add,
        }),
    );
    if (place) await publishLayers(outputs.folder(stage), record, place);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const where = log.isKept ? `; log: ${log.path}` : '';
    const how = `${methodText(method)}${builder ? `; on builder ${builder}` : ''}`;
    say(`${stage} ${plan.platform} ${record.digest} (${how}) in ${seconds} s${where}`);
  }
}

function layerPlace({
  layerRepository,
  layersInCache,
}: Omit<StageToMake, 'stage'>): LayerPlace | undefined {
  if (layerRepository) return { kind: 'registry', repository: layerRepository };
  return layersInCache ? { kind: 'remote-cache' } : undefined;
}

function methodText(method: Method): string {
  if (method.kind === 'buildkit') return `by BuildKit: ${method.reason}`;
  return method.kind === 'podman' ? 'its RUN steps by Podman' : 'assembled';
}
