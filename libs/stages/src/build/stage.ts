import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ResolvedInstruction, resolveInstructions } from '@excel2doc/dockerfile';
import {
  type ImageRecord,
  SCRATCH,
  assembleImage,
  emptyConfig,
  hasCode,
  layoutSource,
  parsePlatform,
  readImageRecord,
  sourceChain,
} from '@excel2doc/oci';
import { contextFile } from '../plan/context-file';
import type { StageBuild } from './stage-build';
import { buildWithBuildKit } from './buildkit';
import type { OnBuilder } from './builder-pool';
import { type Method, chooseMethod } from './method';
import { buildWithPodman } from './on-podman';
import { type Parent, environmentOf, stageInputs, stageParent } from './stage-inputs';

export interface BuiltStage {
  record: ImageRecord;
  method: Method;
  /** Who ran its RUN steps, where it was not the builder that it goes to. */
  builder?: string;
}

/**
 * Makes one stage's thin layout in its output folder: BuildKit runs what has to be run, the rest is
 * put together here.
 *
 * @throws StagesError, EngineError, OciError; the output folder is then as it was before.
 */
export async function buildStage(build: StageBuild): Promise<BuiltStage> {
  const { plan, builder } = build;
  if (builder === 'podman')
    return { record: await buildWithPodman(build), method: { kind: 'podman' } };
  const parent = await parentOf(build);
  const instructions = resolveInstructions(plan, environmentOf(parent));
  const method = chooseMethod(plan, instructions, parent);
  if (method.kind === 'assembly') {
    const done = await assemble(build, parent, instructions, method.after).catch(notAssemblable);
    if (!('reason' in done)) return { ...done, method };
    return whole(build, parent, done.reason);
  }
  return whole(build, parent, method.reason);
}

async function whole(build: StageBuild, parent: Parent, reason: string): Promise<BuiltStage> {
  const outputDir = build.outputs.folder(build.stage);
  const { made: record, ...on } = await buildWithBuildKit(
    build,
    build.plan,
    parent,
    outputDir,
    reason,
  );
  return { record, ...on, method: { kind: 'buildkit', reason } };
}

/**
 * What only a file's content tells, that ADD is given an archive, is seen when it is read. It is the
 * same file everywhere, so the stage is made the same way everywhere.
 */
function notAssemblable(error: unknown): { reason: string } {
  if (hasCode(error, 'NOT_ASSEMBLABLE')) return { reason: (error as Error).message };
  throw error;
}

/** @param after how many instructions BuildKit runs first */
async function assemble(
  build: StageBuild,
  parent: Parent,
  instructions: ResolvedInstruction[],
  after: number,
): Promise<Omit<BuiltStage, 'method'>> {
  const { plan } = build;
  const scratch = await mkdtemp(join(tmpdir(), 'nx-stages-'));
  try {
    const { made: top, ...on } =
      after > 0 ? await runFirst(build, parent, after, scratch) : { made: parent };
    const record = await assembleImage({
      outputDir: build.outputs.folder(build.stage),
      parent: top,
      instructions: instructions.slice(after),
      context: { directory: build.project.contextDir, files: plan.files.map(contextFile) },
      stages: await stageInputs(build),
      platform: plan.platform,
      ...(build.compression && { compression: build.compression }),
      ...(build.layering && { layering: build.layering }),
      cmdIsSet: instructions.slice(0, after).some(({ kind }) => kind === 'cmd'),
    });
    return { record, ...on };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function parentOf(build: StageBuild): Promise<Parent> {
  const { base, output, platform } = build.plan;
  if (base.kind !== 'image' || output.kind !== 'paths') return stageParent(build);
  // What is exported by paths leaves its base behind: only BuildKit needs that, and gets it by name.
  // The instructions still use its variables.
  const at = base.platform ?? platform;
  const environment = await build.outputs.bases.environment(base.reference, at);
  const Env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return { ...SCRATCH, config: { ...emptyConfig(parsePlatform(at)), config: { Env } } };
}

/** BuildKit's part: all up to the last RUN. What follows is built on it, as on a parent. */
async function runFirst(
  build: StageBuild,
  parent: Parent,
  count: number,
  scratch: string,
): Promise<OnBuilder<Parent>> {
  const plan = { ...build.plan, instructions: build.plan.instructions.slice(0, count) };
  const folder = join(scratch, 'first');
  const reason = 'it was planned for Docker';
  const { made: _, ...on } = await buildWithBuildKit(build, plan, parent, folder, reason);
  const { record, config } = await readImageRecord(folder);
  const sources = [layoutSource(folder), ...(parent.source ? [parent.source] : [])];
  const made = {
    reference: parent.reference,
    layers: record.layers,
    config,
    source: sourceChain(sources),
  };
  return { made, ...on };
}
