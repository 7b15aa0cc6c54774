/** A step that is done sooner is not worth a line. */
const SHORTEST_S = 1;

/**
 * Reads BuildKit's plain progress, in pieces as they come, and gives a line for each step of the
 * Dockerfile that took a second or more, when it has ended.
 *
 * @param stage begins each line
 */
export function stepLines(stage: string): (text: string) => string[] {
  const steps = new Map<string, string>();
  let rest = '';
  return (text) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const [, id = '', said = ''] = /^#(\d+) (.*)$/.exec(line) ?? [];
      const step = /^\[[^\]]*\d+\/\d+\] (.+)$/.exec(said)?.[1];
      if (step !== undefined) steps.set(id, step);
      const seconds = /^DONE (\d+\.\d)s$/.exec(said)?.[1];
      const name = steps.get(id);
      if (seconds === undefined || name === undefined || Number(seconds) < SHORTEST_S) return [];
      steps.delete(id);
      return [`${stage}: ${shortened(name)} ${seconds} s`];
    });
  };
}

const LONGEST = 70;

function shortened(step: string): string {
  return step.length <= LONGEST ? step : `${step.slice(0, LONGEST - 1)}…`;
}
