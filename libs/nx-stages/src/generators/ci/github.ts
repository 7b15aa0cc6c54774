import { type CiOptions, block, nxCommand, scalar } from './options';

// A tag of an action can be moved, a commit cannot.
const CHECKOUT = 'actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3';
const SETUP_NODE = 'actions/setup-node@53b83947a5a98c8d113130e565377fae1a50d02f # v6.3.0';
const SET_SHAS = 'nrwl/nx-set-shas@afb73a62d26e41464e9254689e1fd6122ee683c1 # v5.0.1';
const UPLOAD = 'actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2';

/**
 * The text of a GitHub Actions workflow: the targets of what a change affects, and on the branch
 * the images into GitHub's registry. No secret is stored anywhere: the cache takes the job's
 * identity token, the registry the job's own token.
 *
 * @see docs/remote-cache.md, "GitHub Actions, without a secret"
 */
export function githubWorkflow(options: CiOptions): string {
  const { branch, targets, pushTarget, fresh } = options;
  return `# From \`npx nx g @excel2doc/nx-stages:ci\`: run it again with other options to change it.
name: CI

on:
  push:
    branches: [${scalar(branch)}]
  pull_request:
  merge_group:
  workflow_dispatch:
${fresh === undefined ? '' : `  schedule:\n    - cron: ${scalar(fresh)}\n`}
# A newer push to a pull request ends the run before it. Every other run is in a group of its own:
# of those that wait in one group, GitHub drops all but the newest.
concurrency:
  group: ci-\${{ github.event_name == 'pull_request' && github.ref || github.run_id }}
  cancel-in-progress: true

# Each job takes what it needs.
permissions: {}

jobs:
  affected:
${fresh === undefined ? '' : "    if: github.event_name != 'schedule'\n"}    runs-on: ubuntu-24.04
    timeout-minutes: 60
${permissions(options, [])}
${environment(options)}    steps:
${prepare(options)}
      - run: ${nxCommand(options, 'affected', targets)}
${report(options)}${pushTarget === undefined ? '' : pushJob(options, pushTarget)}${fresh === undefined ? '' : freshJob(options)}`;
}

/**
 * Base images and RUN steps of today, tried and proposed as a change of the lock. What the job's own
 * token pushes starts no other run, so all targets are run here.
 */
function freshJob(options: CiOptions): string {
  return `
  fresh:
    if: github.event_name == 'schedule'
    runs-on: ubuntu-24.04
    timeout-minutes: 120
${permissions(options, ['pull-requests: write']).replace('contents: read', 'contents: write')}
${environment(options)}    steps:
${prepare(options)}
      - run: npx nx run-many -t docker-lock --fresh
      - run: ${nxCommand(options, 'run-many', options.targets)}
      - run: npx nx run-many -t docker-audit --optional
      - name: Propose the lock
        run: |
          git switch --create "fresh-images-$GITHUB_RUN_ID"
          git -c user.name=ci -c user.email=ci@localhost commit --all --message 'Make the images fresh'
          git push "https://x-access-token:$GH_TOKEN@github.com/$GITHUB_REPOSITORY" HEAD
          gh pr create --fill --body 'Base images and RUN steps of today; every target has passed with them.'
        env:
          GH_TOKEN: \${{ github.token }}
`;
}

/** The summary of the job says what was built; the pages that it links are kept with the run. */
function report({ reportTarget }: CiOptions): string {
  if (reportTarget === undefined) return '';
  const lines = [
    '- name: Report on the images',
    '  if: ${{ !cancelled() }}',
    `  run: npx nx run-many -t ${reportTarget} --optional`,
    `- uses: ${UPLOAD}`,
    '  if: ${{ !cancelled() }}',
    '  with:',
    `    name: ${reportTarget}`,
    '    path: dist/**/docker/report.html',
    '    if-no-files-found: ignore',
  ];
  return `${block(6, lines)}\n`;
}

/** A job of its own: what runs a pull request's code never may write to the registry. */
function pushJob(options: CiOptions, target: string): string {
  return `
  push:
    needs: affected
    if: github.event_name == 'push'
    runs-on: ubuntu-24.04
    timeout-minutes: 60
${permissions(options, ['packages: write'])}
${environment(options)}    steps:
${prepare(options)}
      - name: Log in to the registry
        run: echo "$TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin
        env:
          TOKEN: \${{ github.token }}
      - run: |
          # Image names are in lower case, the names of owners need not be.
          export NX_STAGES_REGISTRY="ghcr.io/\${GITHUB_REPOSITORY_OWNER,,}"
          ${nxCommand(options, 'affected', [target])}
`;
}

function permissions({ cache }: CiOptions, more: string[]): string {
  return block(4, [
    'permissions:',
    '  contents: read',
    '  # nx-set-shas asks which run was the last that passed.',
    '  actions: read',
    cache && '  # The identity token that the cache server knows this job by.\n  id-token: write',
    ...more.map((each) => `  ${each}`),
  ]);
}

function environment({ cache }: CiOptions): string {
  if (!cache) return '';
  const { upstream = '${{ vars.EXCEL2DOC_CACHE_UPSTREAM }}', audience } = cache;
  const lines = [
    'env:',
    `  EXCEL2DOC_CACHE_UPSTREAM: ${upstream.startsWith('${{') ? upstream : scalar(upstream)}`,
    `  EXCEL2DOC_CACHE_AUDIENCE: ${scalar(audience)}`,
  ];
  return `${block(4, lines)}\n`;
}

function prepare({ branch, nodeVersion, setup = [] }: CiOptions): string {
  return block(6, [
    `- uses: ${CHECKOUT}`,
    '  with:',
    '    # What a change affects is seen from the history.',
    '    fetch-depth: 0',
    '    persist-credentials: false',
    `- uses: ${SETUP_NODE}`,
    '  with:',
    `    node-version: ${scalar(nodeVersion)}`,
    '    cache: npm',
    `- uses: ${SET_SHAS}`,
    branch !== 'main' && `  with:\n    main-branch-name: ${scalar(branch)}`,
    '- run: npm ci',
    ...setup.map((command) => `- run: ${scalar(command)}`),
  ]);
}
