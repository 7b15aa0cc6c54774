import type { ResolvedInstruction, StagePlan } from '@excel2doc/dockerfile';
import { type Base, canAssemble } from '@excel2doc/oci';

/**
 * How a stage is made. `assembly`: put together here, `after` that many instructions that BuildKit
 * runs first. `buildkit`: by BuildKit alone, and why. `podman`: Podman runs the RUN steps, the rest
 * is put together here.
 */
export type Method =
  { kind: 'assembly'; after: number } | { kind: 'buildkit'; reason: string } | { kind: 'podman' };

/** Pure: the same plan is made the same way everywhere, so that its digest is the same. */
export function chooseMethod(
  plan: StagePlan,
  instructions: readonly ResolvedInstruction[],
  parent: Base,
): Exclude<Method, { kind: 'podman' }> {
  if (plan.output.kind === 'paths') return { kind: 'buildkit', reason: 'it is exported by paths' };
  if (plan.instructions.some(({ from }) => from === 'base')) {
    return { kind: 'buildkit', reason: 'its base has ONBUILD triggers' };
  }
  const after = instructions.findLastIndex(({ kind }) => kind === 'run') + 1;
  const rest = instructions.slice(after);
  if (after > 0 && rest.length === 0)
    return { kind: 'buildkit', reason: 'RUN is its last instruction' };
  const isImage = parent.reference.kind === 'image';
  const answer = canAssemble(rest, {
    stages: plan.stages,
    ...(isImage && { onBuild: parent.config?.config?.OnBuild ?? [] }),
  });
  return answer.ok ? { kind: 'assembly', after } : { kind: 'buildkit', reason: answer.reason };
}
