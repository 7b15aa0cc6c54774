import { dirname, join, relative } from 'node:path';
import { type StagePlanFile, serialisePlan } from '@excel2doc/dockerfile';
import { EngineError } from '@excel2doc/engine';
import {
  type BlobSource,
  type Digest,
  type StageOutput,
  checkOwnBlobs,
  hasCode,
  layoutSource,
  readLayout,
} from '@excel2doc/oci';
import { readBuiltPlan } from '../plan/explain';
import type { Outputs } from './outputs';

/**
 * Can an output that is not whole be the reason for a failure? An engine that is given a damaged
 * layer says so in many ways, so each of its failures can, but those of a step.
 */
export function maybeDamage(error: unknown): boolean {
  if (error instanceof EngineError) {
    return ['LAYERS_MISSING', 'COMMAND_FAILED'].includes(error.code);
  }
  return hasCode(
    error,
    'LAYOUT_INCOMPLETE',
    'BLOB_DAMAGED',
    'BLOB_MISSING',
    'BAD_DOCUMENT',
    'PLATFORM_MISSING',
    'NOT_A_BASE',
    'TAR_DAMAGED',
  );
}

/**
 * What is wrong with a stage's output; undefined when every blob of it is what its digest says, it was
 * made from `plan`, and it is built on the outputs that lie below it now.
 */
export async function outputDamage(
  outputs: Outputs,
  plan: StagePlanFile,
  workspaceRoot: string,
): Promise<string | undefined> {
  const { stage } = plan;
  const folder = relative(workspaceRoot, outputs.folder(stage));
  try {
    const output = await outputs.read(stage);
    if (output.layersIn) await fetchOwnLayers(output, await outputs.source(stage));
    else await checkOwnBlobs(output);
    const built = await readBuiltPlan(dirname(outputs.folder(stage)));
    if (!built || serialisePlan(built) !== serialisePlan(plan)) {
      return `${folder} was made from another plan`;
    }
    const { base, layers } = output.record;
    if (base.kind === 'stage' && (await outputs.read(base.stage)).record.digest !== base.digest) {
      return `${folder} is built on another ${base.stage} than the one that is there`;
    }
    for (const { from, digest } of layers) {
      const origin = /^stage:(.+)$/.exec(from)?.[1];
      if (origin === undefined || (await holds(outputs, origin, digest))) continue;
      return `${folder} has a layer that ${origin} no longer has`;
    }
    return undefined;
  } catch (error) {
    return describe(error, folder, workspaceRoot);
  }
}

/** Whoever opens a blob has it verified; what is only elsewhere is needed here in any case. */
async function fetchOwnLayers({ record }: StageOutput, source: BlobSource): Promise<void> {
  for (const { from, digest } of record.layers) {
    if (from === 'self') (await source.open(digest)).destroy();
  }
}

async function holds(outputs: Outputs, stage: string, digest: Digest): Promise<boolean> {
  const { record } = await outputs.read(stage);
  return record.layers.some((layer) => layer.digest === digest);
}

/** The same for a full layout: a base image's. */
export async function layoutDamage(
  directory: string,
  platform: string,
): Promise<string | undefined> {
  try {
    const { manifest } = await readLayout(directory, platform);
    const store = layoutSource(directory);
    for (const { digest } of manifest.layers) await store.check(digest);
    return undefined;
  } catch (error) {
    return describe(error, directory);
  }
}

/** @throws what is no damage */
function describe(error: unknown, folder: string, workspaceRoot = folder): string {
  if (!maybeDamage(error)) throw error;
  const { message, digest } = error as Error & { digest?: Digest };
  if (!digest) return message.replaceAll(join(workspaceRoot, '/'), '');
  // One that was found damaged has been moved away by whoever found it.
  return `blob ${digest.slice(0, 19)} in ${folder} is missing or damaged`;
}
