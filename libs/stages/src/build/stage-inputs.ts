import { type Base, type BlobSource, SCRATCH, type StageInput } from '@excel2doc/oci';
import { configFacts } from '../bases/bases';
import type { Outputs } from './outputs';
import type { StageBuild } from './stage-build';

/** What something is built on, and where its blobs are. */
export type Parent = Base & { source?: BlobSource };

/**
 * What the plan is built FROM.
 *
 * @param platform of a base image, where it is not the one that the stage is for
 */
export async function stageParent(
  { plan: { base }, outputs }: Pick<StageBuild, 'plan' | 'outputs'>,
  platform?: string,
): Promise<Parent> {
  if (base.kind === 'scratch') return SCRATCH;
  if (base.kind === 'image') return imageParent(outputs, base.reference, platform);
  return { ...(await outputs.base(base.stage)), source: await outputs.source(base.stage) };
}

/** A base image as a parent. */
export async function imageParent(
  outputs: Outputs,
  reference: string,
  platform?: string,
): Promise<Parent & { source: BlobSource }> {
  const source = await outputs.baseImageSource(reference, platform);
  return { ...(await outputs.baseImage(reference, platform)), source };
}

/** The environment that a parent hands down. */
export function environmentOf({ config }: Base): Record<string, string> {
  return config ? configFacts(config).env : {};
}

export async function stageInputs({
  plan,
  outputs,
}: StageBuild): Promise<Record<string, StageInput>> {
  const inputs: Record<string, StageInput> = {};
  for (const stage of plan.stages) {
    const { record } = await outputs.read(stage);
    inputs[stage] = { record, source: await outputs.source(stage) };
  }
  return inputs;
}
