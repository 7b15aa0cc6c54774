import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ResolvedInstruction,
  type StagePlan,
  resolveInstructions,
} from '@excel2doc/dockerfile';
import type { BuildOptions } from '@excel2doc/engine';
import { type Base, type ImageRecord, SCRATCH, thinImage } from '@excel2doc/oci';
import { openSecrets, type OpenedSecrets } from '../secrets/open';
import { mountedSecrets } from '../secrets/state';
import { StagesError } from '../workspace/fault';
import { BASE_CONTEXT, buildKitDockerfile } from './buildkit-dockerfile';
import { type OnBuilder, onOneBuilder } from './builder-pool';
import { cacheNamespace, keepsOutputs } from './cache-mounts';
import { needsDocker } from './needs-docker';
import { layerMakers } from './layer-makers';
import { openKeeper } from './open-keeper';
import { nextSecond, restingPoints, watchRuns } from './resting-points';
import { snapshotContext, touchContext } from './snapshot';
import type { StageBuild } from './stage-build';
import { environmentOf } from './stage-inputs';
import type { MountKeeper } from '../mounts/mount-keeper';

/**
 * Has BuildKit build `plan`, and puts the thin layout of it into `outputDir`, which is replaced
 * whole or not at all.
 *
 * @param base what the plan is built on, as layers to leave out
 * @param reason why it takes BuildKit
 * @throws StagesError, EngineError, OciError
 */
export async function buildWithBuildKit(
  build: StageBuild,
  plan: StagePlan,
  base: Base,
  outputDir: string,
  reason: string,
): Promise<OnBuilder<ImageRecord>> {
  const scratch = await mkdtemp(join(tmpdir(), 'nx-stages-'));
  try {
    const contextDir = join(scratch, 'context');
    const layoutDir = join(scratch, 'layout');
    const instructions = resolveInstructions(plan, environmentOf(base));
    const runs = instructions.some(({ kind }) => kind === 'run');
    const isKept = keepsOutputs(instructions);
    // What a cache mount keeps may be of this very second.
    const times = isKept ? await nextSecond() : runs ? Date.now() / 1000 : undefined;
    await snapshotContext(build.project.contextDir, plan.files, contextDir, times);
    const engine = await build.project.engine();
    if (engine.kind === 'podman') throw needsDocker(build.stage, reason);
    const contexts = await namedContexts(build, plan, scratch);
    const buildArgs = {
      ...plan.args,
      ...(isKept && (await cacheArgument(build, plan, instructions))),
    };
    const { close, hosts, ...secrets } = await secretsOf(build);
    const solve = async (
      builder: string | undefined,
      part: StagePlan,
      output: BuildOptions['output'],
      onProgress = build.onProgress,
    ) => {
      const dockerfile = join(scratch, 'Dockerfile');
      const { text, target } = buildKitDockerfile(part);
      await writeFile(dockerfile, text);
      await engine.build({
        ...(builder && { builder }),
        ...secrets,
        hosts: [...hosts, ...freshHost(build.fresh)],
        dockerfile,
        contextDir,
        target,
        platform: plan.platform,
        buildArgs,
        namedContexts: contexts,
        ...(onProgress && { onProgress }),
        output,
      });
    };
    const solveAll = async (
      builder: string | undefined,
      keeper: MountKeeper | undefined,
    ): Promise<{ hasRun: boolean }> => {
      let hasRun = false;
      for (const count of restingPoints(plan, instructions)) {
        const done = plan.instructions.slice(0, count);
        const watch = watchRuns(build.onProgress);
        const part: StagePlan = { ...plan, instructions: done, output: { kind: 'image' } };
        await solve(builder, part, { kind: 'cache' }, watch.onProgress);
        hasRun ||= watch.hasRun();
        // What another build has made meanwhile comes from the cache, too.
        const timeS = watch.hasRun() ? await nextSecond() : Date.now() / 1000;
        await touchContext(plan.files, contextDir, timeS);
      }
      const watch = watchRuns(build.onProgress);
      const onProgress = keeper ? watch.onProgress : build.onProgress;
      await solve(builder, plan, { kind: 'oci-layout', dir: layoutDir }, onProgress);
      return { hasRun: hasRun || watch.hasRun() };
    };
    const buildOn = async (builder: string | undefined): Promise<void> => {
      const helped = { engine, plan, builder, base: contexts[BASE_CONTEXT], buildArgs };
      const keeper = await openKeeper(build, instructions, helped);
      try {
        await keeper?.restore();
        const { hasRun } = await solveAll(builder, keeper).catch(async (error: unknown) => {
          if (!(await keeper?.retreat(error))) throw error;
          return solveAll(builder, keeper);
        });
        if (hasRun) await keeper?.harvest();
      } finally {
        await keeper?.close();
      }
    };
    const { builder } = await onOneBuilder(build, buildOn).finally(close);
    const paths = plan.output.kind === 'paths' ? plan.output.paths : undefined;
    const made = await thinImage({
      layoutDir,
      outputDir,
      base: paths ? SCRATCH : base,
      platform: plan.platform,
      ...(build.compression && { compression: build.compression }),
      ...(build.layering && { layering: build.layering }),
      ...(paths ? { paths } : { makers: layerMakers(instructions, base) }),
    });
    return { made, ...(builder && { builder }) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * BuildKit's own way to part the cache mounts of one build from those of another.
 *
 * @see https://docs.docker.com/reference/dockerfile/ (BuildKit built-in build args)
 */
async function cacheArgument(
  { outputs, fresh }: StageBuild,
  plan: StagePlan,
  instructions: ResolvedInstruction[],
): Promise<Record<string, string>> {
  const stages: Record<string, string> = {};
  for (const stage of plan.stages) stages[stage] = (await outputs.read(stage)).record.digest;
  const shared = { plan, instructions, stages, fresh };
  return { BUILDKIT_CACHE_MOUNT_NS: cacheNamespace(shared) };
}

/** Of the whole stage: what BuildKit runs first of it has the same. */
function secretsOf({ project, stage, plan, secrets = [] }: StageBuild): Promise<OpenedSecrets> {
  const { mounted } = mountedSecrets(project, stage, [plan]);
  return openSecrets(project, stage, mounted, secrets);
}

/**
 * A name that stands in the cache keys of BuildKit's RUN steps and in no image: the steps of before are
 * not taken, those made since are. `--no-cache` would make them anew at every build.
 */
function freshHost(fresh: string | undefined): string[] {
  if (fresh === undefined) return [];
  const name = createHash('sha256').update(fresh).digest('hex').slice(0, 16);
  return [`nx-stages-fresh-${name}:127.0.0.1`];
}

/** Everything that the plan takes from elsewhere: its base, other stages, other images. */
async function namedContexts(
  { outputs }: StageBuild,
  plan: StagePlan,
  scratch: string,
): Promise<Record<string, string>> {
  const image = (reference: string, platform = plan.platform) => {
    const context = outputs.bases.context(reference, platform);
    if (context) return context;
    throw new StagesError('BASE_UNAVAILABLE', {
      message: `${reference} is not locked, and nothing stands in for it on this machine`,
      hint: 'Lock it with the target docker-lock',
    });
  };
  const contexts: Record<string, string> = {};
  for (const { reference } of plan.images) contexts[reference] = image(reference);
  for (const stage of plan.stages) {
    contexts[stage] = await outputs.context(stage, join(scratch, 'stages', stage));
  }
  if (plan.base.kind === 'stage') contexts[BASE_CONTEXT] = contexts[plan.base.stage] as string;
  if (plan.base.kind === 'image')
    contexts[BASE_CONTEXT] = image(plan.base.reference, plan.base.platform);
  return contexts;
}
