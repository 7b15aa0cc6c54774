import { type Instruction, type StageSummary, parseDockerfile } from '@excel2doc/dockerfile';
import { dependencyFindings } from '@excel2doc/services';
import type { LastBuild } from '@excel2doc/stages';

export interface Suggestion {
  /** `apps/api/Dockerfile:3, stage deps` */
  where: string;
  what: string;
  how: string;
  saves: string;
}

export interface Subject {
  dockerfile: string;
  text: string;
  stages: readonly StageSummary[];
  /** By stage. */
  lastBuilds: Readonly<Record<string, LastBuild>>;
  /** How long a stage took when it was last built, in milliseconds; undefined where it never was. */
  measuredMs: (stage: string) => number | undefined;
}

/** When a suggestion saves something, by the doctor's finding that it is made from. */
const WHEN: Record<string, string> = {
  'no-cache-mount': 'for each change of the dependencies',
  'sources-before-dependencies': 'for each edit of a source file',
};

/** What would make the builds of one Dockerfile faster, and by how much where that was measured. */
export function suggestions({
  dockerfile,
  text,
  stages,
  lastBuilds,
  measuredMs,
}: Subject): Suggestion[] {
  const parsed = parseDockerfile(text, { file: dockerfile });
  const findings = dependencyFindings(parsed.stages, lastBuilds);
  return stages.flatMap((stage, at): Suggestion[] => {
    const where = `${dockerfile}:${stage.line}, stage ${stage.name}`;
    const own = findings.filter((finding) => finding.stage === stage.name);
    const split = oneStageForAll(stage, parsed.stages[at]?.instructions ?? [], stages.length);
    return [
      ...own.map(({ id, what, fix, seen, seconds }) => ({
        where,
        what: what.en,
        how: fix.en,
        saves:
          id === 'packages-in-one-layer'
            ? `sending the packages that did not change (${seen}), for each change of one`
            : savedText(seconds, WHEN[id]),
      })),
      ...(split ? [{ where, ...split, saves: splitText(measuredMs(stage.name)) }] : []),
    ];
  });
}

/** Dependencies and sources in one stage that is the image: a stage of its own is assembled from. */
function oneStageForAll(stage: StageSummary, steps: readonly Instruction[], count: number) {
  const lastRun = steps.findLastIndex(({ keyword }) => keyword === 'RUN');
  const lastCopy = steps.findLastIndex(
    (step) => (step.keyword === 'COPY' || step.keyword === 'ADD') && step.from === undefined,
  );
  if (count > 1 || lastRun < 0 || lastCopy < 0 || lastCopy > lastRun) return undefined;
  return {
    what: `Stage ${stage.name} runs commands after it has copied the sources`,
    how: 'Install in a stage of its own (FROM … AS deps), and COPY --from=deps what it made; a stage that then only copies is put together without an engine',
  };
}

function savedText(seconds: number | undefined, when = 'for each build'): string {
  return seconds === undefined
    ? `depends on what it installs, which the last build did not run (${when})`
    : `up to ${seconds.toFixed(1)} s, which it took when it ran last, ${when}`;
}

function splitText(stageMs: number | undefined): string {
  const when = 'for each edit of a source file';
  return stageMs === undefined
    ? `depends on what the stage does: build it once, and this says the seconds (${when})`
    : `a part of the ${(stageMs / 1000).toFixed(1)} s that the stage took when it was built last, ${when}`;
}
