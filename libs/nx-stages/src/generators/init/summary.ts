import type { Suggestion } from './suggestions';
import type { Survey } from './survey';

export interface Summary {
  survey: Survey;
  suggestions: Suggestion[];
  /** Base images without a digest in the lock. */
  unlocked: string[];
}

/** What was inferred and what would be better, as text for people. */
export function summaryText({ survey, suggestions, unlocked }: Summary): string {
  const { dockerfiles, services } = survey;
  if (dockerfiles.length === 0) {
    return 'No Dockerfile here yet. Write one, and its stages are targets at the next command.\n';
  }
  const found = dockerfiles.map(({ project, options, stages, build }) => {
    const names = stages.map(({ name }) => name).join(', ') || 'broken, docker-plan says why';
    return `  ${options.dockerfile}: ${names}\n    nx run ${project}:${build}   (context ${options.context})\n`;
  });
  const running = Object.entries(services).map(
    ([project, service]) => `  service ${service}\n    nx run ${project}:compose-up\n`,
  );
  const better = suggestions.map(
    ({ where, what, how, saves }) =>
      `  ${where}\n    ${what}.\n    ${how}.\n    Saves: ${saves}.\n`,
  );
  const first = dockerfiles[0];
  return [
    `Found ${count(dockerfiles.length, 'Dockerfile')}:\n`,
    ...found,
    ...(running.length > 0 ? ['\nCompose:\n', ...running] : []),
    ...(better.length > 0 ? ['\nWould be faster:\n', ...better] : []),
    ...(unlocked.length > 0
      ? [
          `\nNot locked yet: ${unlocked.join(', ')}. What is built on them is not cached.\n`,
          `    nx run ${first?.project}:${first?.lock}\n`,
        ]
      : []),
  ].join('');
}

const count = (many: number, what: string) => `${many} ${what}${many === 1 ? '' : 's'}`;
