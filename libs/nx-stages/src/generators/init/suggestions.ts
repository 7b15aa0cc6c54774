import { type Instruction, type StageSummary, parseDockerfile } from '@excel2doc/dockerfile';
import { building } from '@excel2doc/services';

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
  /** How long a stage took when it was last built, in milliseconds; undefined where it never was. */
  measuredMs: (stage: string) => number | undefined;
}

/** When a suggestion saves something, by the doctor's finding that it is made from. */
const WHEN: Record<string, string> = {
  'no-cache-mount': 'for each change of the dependencies',
  'sources-before-dependencies': 'for each edit of a source file',
  'one-stage-for-all': 'for each edit of a source file',
};

/** What would make the builds of one Dockerfile faster, and by how much where that was measured. */
export function suggestions(subject: Subject): Suggestion[] {
  const lines = subject.text.split('\n');
  const parsed = parseDockerfile(subject.text, { file: subject.dockerfile });
  const instructions = parsed.stages.map((stage) => stage.instructions);
  return subject.stages.flatMap((stage, at) => {
    const end = (subject.stages[at + 1]?.line ?? lines.length + 1) - 1;
    const text = lines.slice(stage.line - 1, end).join('\n');
    const findings = building({
      dockerfile: { path: subject.dockerfile, text },
      hasDockerignore: true,
      contextBytes: 0,
      planProblems: [],
    }).map(({ id, what, fix }) => ({ id, what: what.en, how: fix.en }));
    const split = oneStageForAll(stage, instructions[at] ?? [], subject.stages.length);
    return [...findings, ...(split ? [split] : [])].map(({ id, what, how }) => ({
      where: `${subject.dockerfile}:${stage.line}, stage ${stage.name}`,
      what,
      how,
      saves: savedText(subject.measuredMs(stage.name), WHEN[id]),
    }));
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
    id: 'one-stage-for-all',
    what: `Stage ${stage.name} runs commands after it has copied the sources`,
    how: 'Install in a stage of its own (FROM … AS deps), and COPY --from=deps what it made; a stage that then only copies is put together without an engine',
  };
}

function savedText(measuredMs: number | undefined, when = 'for each build'): string {
  if (measuredMs === undefined)
    return `depends on what the stage installs: build it once, and this says the seconds (${when})`;
  return `up to ${(measuredMs / 1000).toFixed(1)} s, which the stage took here last, ${when}`;
}
