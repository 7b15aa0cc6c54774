import type { StagePlan } from '@excel2doc/dockerfile';

/** The named context that stands for what the stage is built FROM. */
export const BASE_CONTEXT = 'nx-stages-base';
/** The stage that holds nothing but the exported paths. */
export const EXPORT_STAGE = 'nx-stages-export';
const OWN_STAGE = 'nx-stages-own';

/**
 * The Dockerfile that BuildKit is given for one stage: made from the plan, not taken from the user's
 * file. What is built is then what the key was made from, and no other stage can be visited.
 *
 * @returns its text and the target to build.
 */
export function buildKitDockerfile(plan: StagePlan): { text: string; target: string } {
  const { base, output, frontend } = plan;
  const lines: string[] = [];
  if (frontend?.syntax) lines.push(`# syntax=${frontend.syntax}`);
  if (frontend?.escape) lines.push(`# escape=${frontend.escape}`);
  const from = base.kind === 'scratch' ? 'scratch' : BASE_CONTEXT;
  const platform = base.kind === 'image' && base.platform ? `--platform=${base.platform} ` : '';
  lines.push(`FROM ${platform}${from} AS ${OWN_STAGE}`);
  for (const { text, from } of plan.instructions) if (from !== 'base') lines.push(text);
  if (output.kind === 'image') return { text: `${lines.join('\n')}\n`, target: OWN_STAGE };
  lines.push(`FROM scratch AS ${EXPORT_STAGE}`);
  for (const path of output.paths)
    lines.push(`COPY --link --from=${OWN_STAGE} ${JSON.stringify([path, path])}`);
  return { text: `${lines.join('\n')}\n`, target: EXPORT_STAGE };
}
