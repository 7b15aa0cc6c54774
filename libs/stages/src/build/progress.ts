import { stripVTControlCharacters } from 'node:util';

/** What happens to a step, as BuildKit tells it. */
export type StepEvent =
  | { kind: 'begun' | 'cached' | 'failed'; step: string }
  | { kind: 'said'; step: string; text: string }
  | { kind: 'ended'; step: string; seconds: number };

/** `[name 2/3] RUN make`: what BuildKit does besides (`[internal] load …`) is nobody's step. */
const OF_DOCKERFILE = /^\[[^\]]*?(\d+)\/\d+\] (.+)$/;
/** What takes long at the end, and says nothing for it. */
const EXPORT = /^(exporting to .+)$/;
const FROM = /^FROM /;

/**
 * Reads BuildKit's plain progress, in pieces as they come, and gives what it tells of the steps of the
 * Dockerfile. What a step prints comes when BuildKit passes it on, long before the step ends.
 */
export function readSteps(): (text: string) => StepEvent[] {
  const steps = new Map<string, string>();
  /** Steps that an earlier build of the same stage was told of. */
  const told = new Set<string>();
  const ofThisBuild = new Set<string>();
  /** The numbers of those, in this build. */
  const known = new Set<string>();
  let rest = '';
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    return lines.flatMap((line): StepEvent[] => {
      const [, id = '', said = ''] = /^#(\d+) (.*)$/s.exec(line) ?? [];
      if (id === '0') {
        // A stage may take several builds, each with numbers of its own.
        steps.clear();
        known.clear();
        for (const name of ofThisBuild) told.add(name);
      }
      const [name = '', number = '', ofDockerfile] = OF_DOCKERFILE.exec(said) ?? [];
      const begun = ofDockerfile ?? EXPORT.exec(said)?.[1];
      const step = steps.get(id);
      if (begun !== undefined) {
        const key = `${number} ${begun}`;
        steps.set(id, begun);
        if (name !== '' && told.has(key)) known.add(id);
        ofThisBuild.add(key);
        // Said again whenever BuildKit comes back to it from another one.
        return step === undefined && !known.has(id) ? [{ kind: 'begun', step: begun }] : [];
      }
      if (step === undefined || (said === 'CACHED' && known.has(id))) return [];
      return eventsOf(step, said);
    });
  };
}

function eventsOf(step: string, said: string): StepEvent[] {
  if (said === 'CACHED') return [{ kind: 'cached', step }];
  if (said.startsWith('ERROR: ')) return [{ kind: 'failed', step }];
  const seconds = /^DONE (\d+\.\d)s$/.exec(said)?.[1];
  if (seconds !== undefined) return [{ kind: 'ended', step, seconds: Number(seconds) }];
  const printed = /^\d+\.\d+ (.*)$/s.exec(said)?.[1];
  // A line that was written over, as a bar of progress is, is read as it came to stand.
  const text = stripVTControlCharacters(printed?.split('\r').findLast(Boolean) ?? '').trimEnd();
  return text === '' ? [] : [{ kind: 'said', step, text }];
}

/** A step that is done sooner is not worth a line. */
const SHORTEST_S = 1;

/** The line that is kept of an event: one for each step that took a second or more, when it has ended. */
export function keptLine(stage: string, event: StepEvent): string[] {
  if (event.kind !== 'ended' || event.seconds < SHORTEST_S || EXPORT.test(event.step)) return [];
  return [`${stage}: ${shortened(event.step)} ${event.seconds.toFixed(1)} s`];
}

/** Whether a line is one of `liveLine`, as it comes out of a terminal too. */
export function isLive(line: string): boolean {
  return /^\r?\S+ \| /.test(line);
}

/**
 * The line that is shown of an event as it comes, where nothing shown is kept. Every line names the
 * stage: several may be built at one time.
 */
export function liveLine(stage: string, event: StepEvent): string[] {
  const { step } = event;
  const begins = (text: string) => [`${stage} | ${text}`];
  if (event.kind === 'said') return begins(`  ${event.text}`);
  if (event.kind === 'ended')
    return event.seconds < SHORTEST_S
      ? []
      : begins(`${shortened(step)}: ${event.seconds.toFixed(1)} s`);
  // A base image is told of when it took a while.
  if (FROM.test(step)) return [];
  if (event.kind === 'begun') return begins(shortened(step));
  return begins(`${shortened(step)}: ${event.kind}`);
}

const LONGEST = 70;

function shortened(step: string): string {
  return step.length <= LONGEST ? step : `${step.slice(0, LONGEST - 1)}…`;
}
