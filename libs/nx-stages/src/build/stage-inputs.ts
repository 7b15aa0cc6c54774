import type { StagePlan } from '@excel2doc/dockerfile';
import type { StageInput } from '@excel2doc/oci';
import type { StageBuild } from './stage';

/** A requirements file has the digest of its meaning, which its bytes do not have. */
export function contextFile(file: StagePlan['files'][number]) {
  const { path, type } = file;
  const isExact = file.type === 'file' && file.by === undefined;
  return { path, type, ...(isExact && { digest: file.digest }) };
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
