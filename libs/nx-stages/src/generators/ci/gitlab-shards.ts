import {
  block,
  type CiOptions,
  JOIN_SHARDS,
  machinesOf,
  planCommand,
  scalar,
  SHARDS,
  shardCommand,
  tasksCommand,
} from './options';

export const SHARD_STAGES = ['plan', 'check', 'join'];

/** GitLab wants to know how many jobs there are before anything is planned. */
const MOST = 8;

/**
 * The jobs that run the targets on several machines: one plans, as many as the file says run what is
 * planned, of which those too many find nothing to do, and the last says what came of all.
 *
 * @param notScheduled the rule that leaves them out of a scheduled pipeline
 * @param kept what a shard leaves, as keys of its job
 */
export function gitlabShardJobs(options: CiOptions, notScheduled: string, kept: string): string {
  const { branch, shards = 'auto' } = options;
  const { runner } = machinesOf(options)[0]!;
  const tags = runner === undefined ? '' : `  tags: [${scalar(runner)}]\n`;
  // A newer push ends what runs for a merge request, and nothing that runs for the branch.
  const rules = (...more: string[]) => `${tags}  rules:
${notScheduled}    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
${block(6, ['interruptible: true', ...more])}
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}
${more.length > 0 ? `${block(6, more)}\n` : ''}`;
  const count = shards === 'auto' ? MOST : shards;
  return `# What a merge request affects. On the branch all of it: GitLab does not tell which commit was the
# last that passed, so what an earlier pipeline left red would be missed.
plan:
  stage: plan
${rules()}${times('pull')}  script:
    - |
      if [ "$CI_PIPELINE_SOURCE" = merge_request_event ]; then
        export NX_BASE="$CI_MERGE_REQUEST_DIFF_BASE_SHA" NX_HEAD="$CI_COMMIT_SHA"
        ${tasksCommand('affected', options)}
      else
        ${tasksCommand('run-many', options)}
      fi
    - ${planCommand(options, shards === 'auto' ? MOST : undefined)}
  artifacts:
    paths: [${SHARDS.plan}]

shard:
  stage: check
${rules()}  needs: [plan]
  parallel: ${count}
  script:
    - ${shardCommand('$CI_NODE_INDEX')}
${kept}
# Red where a shard is: a shard that fails or is lost leaves a gap here.
affected:
  stage: join
${rules('when: always')}  needs: [plan, shard]
${times('pull-push')}  script:
    - ${JOIN_SHARDS}
`;
}

/** What tasks took in the pipelines before. */
function times(policy: 'pull' | 'pull-push'): string {
  const lines = [
    'cache:',
    '  - key:',
    '      files: [package-lock.json]',
    '    paths: [.npm/]',
    '  - key: shards-times',
    `    paths: [${SHARDS.times}]`,
    `    policy: ${policy}`,
  ];
  return `${block(2, lines)}\n`;
}
