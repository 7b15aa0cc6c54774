import type { StagePlan } from '@excel2doc/dockerfile';

/**
 * The platform that a stage's RUN steps run on: that of what it stands on below all other stages, which
 * `FROM --platform` may have set apart from the one that it is for.
 *
 * @param below the plan of another stage for the same platform
 */
export async function runPlatform(
  plan: Pick<StagePlan, 'platform' | 'base'>,
  below: (stage: string) => Promise<Pick<StagePlan, 'platform' | 'base'> | undefined>,
): Promise<string> {
  let { base } = plan;
  while (base.kind === 'stage') {
    const next = await below(base.stage);
    if (!next) return plan.platform;
    ({ base } = next);
  }
  return (base.kind === 'image' && base.platform) || plan.platform;
}

/** Whether a stage runs anything: only that takes a machine of one kind. */
export function hasRuns({ instructions }: Pick<StagePlan, 'instructions'>): boolean {
  return instructions.some(({ keyword }) => keyword === 'RUN');
}
