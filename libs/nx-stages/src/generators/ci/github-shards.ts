import {
  CACHE,
  environment,
  permissions,
  PLAN_OF_SHARDS,
  prepare,
  RECORDS_OF_SHARDS,
  RUNNERS,
  UPLOAD,
} from './github-steps';
import {
  block,
  type CiOptions,
  JOIN_SHARDS,
  machinesOf,
  planCommand,
  REPORTS,
  scalar,
  SHARDS,
  shardCommand,
  tasksCommand,
} from './options';

/**
 * The jobs that run the targets on several machines: one plans, a matrix runs what is planned, and the
 * last, by the name that a check of the repository may ask for, says what came of all.
 *
 * @param condition of all of them, as expressions of GitHub
 */
export function githubShardJobs(options: CiOptions, condition: readonly string[]): string {
  const runsOn = `runs-on: ${scalar(runnerOf(options))}`;
  const always = ['!cancelled()', ...condition].join(' && ');
  return `  plan:
${block(4, [condition.length > 0 && `if: ${condition.join(' && ')}`, runsOn])}
    timeout-minutes: 30
    outputs:
      shards: \${{ steps.plan.outputs.shards }}
${permissions({}, [])}
    steps:
${prepare(options)}
${times('restore')}
      - run: ${tasksCommand('affected', options)}
      - id: plan
        run: ${planCommand(options)}
      - uses: ${UPLOAD}
        with:
          name: shards-plan
          path: ${SHARDS.plan}
          overwrite: true

  shard:
    needs: plan
    # Where nothing is affected there is none.
    if: needs.plan.outputs.shards != '[]'
    strategy:
      fail-fast: false
      matrix:
        shard: \${{ fromJSON(needs.plan.outputs.shards) }}
    ${runsOn}
    timeout-minutes: 60
${permissions(options, [], { affected: false })}
${environment(options)}    steps:
${prepare(options, { affected: false })}
${PLAN_OF_SHARDS}
      - run: ${shardCommand('$SHARD')}
        env:
          SHARD: \${{ matrix.shard }}
      - uses: ${UPLOAD}
        if: \${{ !cancelled() }}
        with:
          name: shards-done-\${{ matrix.shard }}
          path: ${SHARDS.records}
          if-no-files-found: ignore
          # As the one before left, where this job runs again.
          overwrite: true
${report(options)}
  # Red where a shard is: a shard that fails or is lost leaves a gap here.
  affected:
    needs: [plan, shard]
    if: \${{ ${always} }}
    ${runsOn}
    timeout-minutes: 30
    permissions:
      contents: read
    steps:
${prepare(options, { affected: false })}
${PLAN_OF_SHARDS}
${RECORDS_OF_SHARDS}
${times('keep')}
      - run: ${JOIN_SHARDS}
      # A shard may be red beside its tasks; none is there where nothing is affected.
      - name: Did all jobs pass?
        run: test "$PLAN" = success && { test "$SHARD" = success || test "$SHARD $SHARDS" = 'skipped []'; }
        env:
          PLAN: \${{ needs.plan.result }}
          SHARD: \${{ needs.shard.result }}
          SHARDS: \${{ needs.plan.outputs.shards }}
`;
}

const runnerOf = (options: CiOptions) => {
  const { runner, platform } = machinesOf(options)[0]!;
  return runner ?? RUNNERS[platform];
};

/** Pages of what each shard has built, kept whatever came of it. */
function report({ reportTarget }: CiOptions): string {
  if (reportTarget === undefined) return '';
  const always = '  if: ${{ !cancelled() }}';
  const lines = [
    '- name: Report on the images',
    always,
    `  run: npx nx run-many -t ${reportTarget} --optional`,
    `- uses: ${UPLOAD}`,
    always,
    '  with:',
    `    name: ${reportTarget}-\${{ matrix.shard }}`,
    `    path: ${REPORTS}`,
    '    if-no-files-found: ignore',
    '    overwrite: true',
  ];
  return `${block(6, lines)}\n`;
}

/** What tasks took in the runs before; kept where the job passes. */
function times(how: 'restore' | 'keep'): string {
  return block(6, [
    how === 'restore' && `- uses: ${CACHE.replace('@', '/restore@')}`,
    how === 'keep' && `- uses: ${CACHE}`,
    '  with:',
    `    path: ${SHARDS.times}`,
    '    key: shards-times-${{ github.run_id }}-${{ github.run_attempt }}',
    '    restore-keys: shards-times-',
  ]);
}
