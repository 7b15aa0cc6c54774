import { githubShardJobs } from './github-shards';
import {
  COSIGN,
  DOWNLOAD,
  environment,
  permissions,
  PLAN_OF_SHARDS,
  prepare,
  RECORDS_OF_SHARDS,
  RUNNERS,
  UPLOAD,
} from './github-steps';
import {
  CHECKS,
  type CiOptions,
  PARTS,
  archOf,
  block,
  CHECK_PUSHED,
  checkCommand,
  imageTargets,
  joinCommand,
  machinesOf,
  nxCommand,
  REPORTS,
  scalar,
} from './options';

/**
 * The text of a GitHub Actions workflow: the targets of what a change affects, and on the branch
 * the images into GitHub's registry. No secret is stored anywhere: the cache takes the job's
 * identity token, the registry the job's own token.
 *
 * @see docs/remote-cache.md, "GitHub Actions, without a secret"
 */
export function githubWorkflow(options: CiOptions): string {
  const { branch, pushTarget, fresh } = options;
  const isSharded = options.shards !== undefined;
  // What is pushed is built by the job that pushes it, or by the shards.
  const apart = [
    pushTarget !== undefined && !isSharded && 'push',
    fresh !== undefined && 'schedule',
  ];
  const condition = apart.flatMap((event) => (event ? `github.event_name != '${event}'` : []));
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
${isSharded ? githubShardJobs(options, condition) : affectedJob(options, condition)}${pushTarget === undefined ? '' : pushJobs(options, pushTarget)}${fresh === undefined ? '' : freshJob(options)}`;
}

function affectedJob(options: CiOptions, condition: readonly string[]): string {
  return `  affected:
${condition.length > 0 ? `    if: ${condition.join(' && ')}\n` : ''}${machines(options)}    timeout-minutes: 60
${permissions(options, [])}
${environment(options)}    steps:
${prepare(options)}
${targets(options)}
${report(options)}`;
}

/** One machine, or one of each kind; the first runs all the targets. */
function machines(options: CiOptions): string {
  const [first, ...others] = machinesOf(options).map((machine) => ({
    arch: archOf(machine),
    runner: machine.runner ?? RUNNERS[machine.platform],
  }));
  if (others.length === 0) return `    runs-on: ${scalar(first!.runner)}\n`;
  const entries = [first!, ...others].flatMap(({ arch, runner }, index) => [
    `- arch: ${arch}`,
    `  runner: ${scalar(runner)}`,
    `  targets: ${(index === 0 ? options.targets : imageTargets(options)).join(' ')}`,
  ]);
  const lines = [
    'strategy:',
    '  fail-fast: false',
    '  matrix:',
    '    include:',
    ...entries.map((line) => `      ${line}`),
    'runs-on: ${{ matrix.runner }}',
  ];
  return `${block(4, lines)}\n`;
}

const isMatrix = (options: CiOptions) => machinesOf(options).length > 1;

/** Of this machine, as names of artifacts have it. */
const ownArch = (options: CiOptions) =>
  isMatrix(options) ? '${{ matrix.arch }}' : archOf(machinesOf(options)[0]!);

function targets(options: CiOptions): string {
  if (!isMatrix(options))
    return block(6, [`- run: ${nxCommand(options, 'affected', options.targets)}`]);
  return block(6, [
    `- run: ${nxCommand(options, 'affected', ['$TARGETS'])}`,
    '  env:',
    '    TARGETS: ${{ matrix.targets }}',
  ]);
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
      - run: npx nx run-many -t docker-audit
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

/**
 * The summary of the job says what was built; the pages that it links, and what the checks said, are
 * kept with the run.
 */
function report(options: CiOptions): string {
  const { reportTarget, checkTargets = [] } = options;
  const always = '  if: ${{ !cancelled() }}';
  const paths = [
    ...(reportTarget === undefined ? [] : [REPORTS]),
    ...(checkTargets.length > 0 ? [CHECKS] : []),
  ];
  if (paths.length === 0) return '';
  const lines = [
    checkTargets.length > 0 && `- name: Check the images\n${always}`,
    checkTargets.length > 0 && `  run: ${checkCommand('affected', checkTargets)}`,
    reportTarget !== undefined && `- name: Report on the images\n${always}`,
    reportTarget !== undefined && `  run: npx nx run-many -t ${reportTarget} --optional`,
    `- uses: ${UPLOAD}`,
    always,
    '  with:',
    `    name: ${reportTarget ?? 'checks'}${isMatrix(options) ? '-${{ matrix.arch }}' : ''}`,
    paths.length === 1 && `    path: ${paths[0]}`,
    paths.length > 1 && `    path: |\n${block(6, paths)}`,
    '    if-no-files-found: ignore',
  ];
  return `${block(6, lines)}\n`;
}

/**
 * On the branch: each machine checks, builds and pushes its own platform without a tag, and once all
 * have, a job that builds nothing gives the parts their names. Only what is merged may write to the
 * registry: what runs a pull request's code never may.
 */
function pushJobs(options: CiOptions, target: string): string {
  const isSharded = options.shards !== undefined;
  const push = isSharded
    ? nxCommand(options, 'affected', [target])
    : `npx nx affected -t ${target}`;
  return `
  images:
${isSharded ? '    needs: affected\n' : ''}    if: github.event_name == 'push'
${machines(options)}    timeout-minutes: 60
${permissions(options, ['packages: write'])}
${environment(options)}    steps:
${prepare(options)}
${isSharded ? '' : `${targets(options)}\n${report(options)}`}${logIn}
      # ${isSharded ? 'What the cache has of the shards is pushed, and what it has not is built anew' : 'What was built above is pushed'}; without a tag nobody sees it.
      - run: |
          ${REGISTRY}
          ${push} --parts=push
${isSharded ? `${heldAgainstShards}\n` : ''}      - uses: ${UPLOAD}
        with:
          name: pushed-${ownArch(options)}
          path: ${PARTS}
          if-no-files-found: ignore

  push:
    needs: images
    runs-on: ubuntu-24.04
    timeout-minutes: 30
${joinPermissions(options)}
    steps:
${prepare(options, { affected: false })}
      - uses: ${DOWNLOAD}
        with:
          pattern: pushed-*
          path: ${PARTS}
          merge-multiple: true
${options.sign ? `      - uses: ${COSIGN}\n` : ''}${logIn}
      - run: |
          ${REGISTRY}
          ${joinCommand(options, target)}
`;
}

const heldAgainstShards = `      # It gets no tag where it is not what the shards made, and their tests saw.
${PLAN_OF_SHARDS}
${RECORDS_OF_SHARDS}
      - run: ${CHECK_PUSHED}`;

const logIn = `      - name: Log in to the registry
        run: echo "$TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin
        env:
          TOKEN: \${{ github.token }}`;

const REGISTRY = `# Image names are in lower case, the names of owners need not be.
          export NX_STAGES_REGISTRY="ghcr.io/\${GITHUB_REPOSITORY_OWNER,,}"`;

function joinPermissions({ sign }: CiOptions): string {
  return block(4, [
    'permissions:',
    '  contents: read',
    '  packages: write',
    sign && '  # The identity that signs: this workflow on this branch.\n  id-token: write',
  ]);
}
