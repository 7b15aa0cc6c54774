import type { TagFacts } from '../names/facts';

/** What is known where HEAD is at a commit of main that has no tag. */
export const COMMIT = '1234567890abcdef1234567890abcdef12345678';

export function facts(more: Partial<TagFacts> = {}): TagFacts {
  return {
    projectName: 'api',
    commit: { value: COMMIT },
    branch: { value: 'main' },
    pullRequest: { why: 'no pull request' },
    gitTags: { why: 'no tag' },
    version: { why: 'no tag' },
    committed: { value: '2026-03-07T14:00:00Z' },
    source: { value: 'https://git.example.com/team/shop' },
    defaultBranch: { value: 'main' },
    isScheduled: false,
    now: new Date('2026-03-07T22:04:05Z'),
    ...more,
  };
}
