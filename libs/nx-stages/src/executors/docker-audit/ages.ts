import { ageText, type BaseAge } from '@excel2doc/build-report';
import { type DockerProject, readBuiltPlan } from '@excel2doc/stages';

/** How old the base image is, as far as it tells. */
export function baseLine({ createdMs, packagesMs }: BaseAge, nowMs: number): string {
  const parts = [
    createdMs !== undefined && `made ${ageText(createdMs, nowMs)}`,
    packagesMs !== undefined && `its packages last changed ${ageText(packagesMs, nowMs)}`,
  ].filter((part) => part !== false);
  return `base image: ${parts.join('; ') || 'it tells no time'}`;
}

/**
 * When the RUN steps behind a stage were made anew, a line each stage that has some. Nothing that they
 * installed has a time of its own: layers have none, so that the same plan gives the same bytes.
 */
export async function stepLines(
  project: DockerProject,
  stage: string,
  nowMs: number,
): Promise<string[]> {
  const lines: string[] = [];
  const known = new Set<string>();
  const waiting = [stage];
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (known.has(name)) continue;
    known.add(name);
    const plan = await readBuiltPlan(project.stageDir(name));
    if (!plan) lines.push(`RUN steps of ${name}: not known, its output is not here`);
    const platforms = plan?.platforms ?? [];
    waiting.push(...platforms.flatMap(({ stages }) => stages));
    if (!platforms.some(({ instructions }) => instructions.some(isRun))) continue;
    lines.push(
      `RUN steps of ${name}: ${plan?.fresh === undefined ? NEVER : freshText(plan.fresh, nowMs)}`,
    );
  }
  return lines;
}

const NEVER = 'as old as the cache they came from; docker-build --fresh makes them anew';

const isRun = ({ keyword }: { keyword: string }) => keyword === 'RUN';

/** What somebody wrote by hand is said as it is. */
function freshText(fresh: string, nowMs: number): string {
  const at = Date.parse(fresh);
  return `made anew since ${Number.isNaN(at) ? fresh : ageText(at, nowMs)}`;
}
