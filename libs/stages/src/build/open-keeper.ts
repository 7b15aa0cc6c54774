import type { ResolvedInstruction } from '@excel2doc/dockerfile';
import { remoteCache } from './layer-place';
import type { StageBuild } from './stage-build';
import { keptMounts } from '../mounts/kept-mounts';
import { MountHelper, type HelperBuild } from '../mounts/mount-helper';
import { MountKeeper } from '../mounts/mount-keeper';
import { plainLine } from '../mounts/plain-line';
import { budgetBytes } from '../workspace/cache-mounts-option';

/**
 * Who keeps the cache mounts of a stage; undefined where the workspace does not want that, nothing is to
 * be kept, or no remote cache is given here.
 */
export async function openKeeper(
  { stage, project, mounts: wanted }: StageBuild,
  instructions: readonly ResolvedInstruction[],
  build: Omit<HelperBuild, 'scratch'>,
): Promise<MountKeeper | undefined> {
  if (!wanted) return undefined;
  const { plan, buildArgs } = build;
  const mounts = keptMounts(instructions, wanted.others ?? [], {
    stage: JSON.stringify([project.home, stage]),
    platform: plan.platform,
    namespace: buildArgs['BUILDKIT_CACHE_MOUNT_NS'],
  });
  if (mounts.length === 0) return undefined;
  const { say } = wanted;
  const reason = MountHelper.impossible(plan);
  if (reason !== undefined) {
    say(`! cache mounts of ${stage} are not kept: ${reason}`);
    return undefined;
  }
  try {
    const cache = remoteCache();
    if (!cache) return undefined;
    const budget = budgetBytes(wanted.budget);
    return await MountKeeper.open({ cache, mounts, budgetBytes: budget, build, say });
  } catch (error) {
    say(plainLine(`! cache mounts of ${stage} are not kept: ${(error as Error).message}`));
    return undefined;
  }
}
