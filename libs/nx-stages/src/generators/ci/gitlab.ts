import { gitlabShardJobs, SHARD_STAGES } from './gitlab-shards';
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
  SHARDS,
} from './options';

// A tag of an image can be moved, a digest cannot.
const ENGINE =
  'docker:28.5.1-dind@sha256:ea9d20492ca1caaaba78e68453433895d256173c79281756e88b745647fcbcfd';
const COSIGN =
  'ghcr.io/sigstore/cosign/cosign:v3.0.6@sha256:de9c65609e6bde17e6b48de485ee788407c9502fa08b8f4459f595b21f56cd00';

/** Of gitlab.com. */
const RUNNERS = {
  'linux/amd64': 'saas-linux-small-amd64',
  'linux/arm64': 'saas-linux-small-arm64',
};

/**
 * The text of a GitLab pipeline: the targets of what a merge request affects; on the branch those
 * of every project, and then the images into GitLab's registry. No secret is stored anywhere: the
 * cache takes the job's identity token, the registry the job's own.
 *
 * @see docs/remote-cache.md, "GitLab CI"
 */
export function gitlabPipeline(options: CiOptions): string {
  const { branch, pushTarget, cache, setup = [], fresh } = options;
  const isSharded = options.shards !== undefined;
  const stages = [
    ...(isSharded ? SHARD_STAGES : ['check']),
    ...(pushTarget === undefined ? [] : [...(isSharded ? ['images'] : []), 'push']),
  ];
  return `# From \`npx nx g @excel2doc/nx-stages:ci\`: run it again with other options to change it.
stages: [${stages.join(', ')}]

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}

# The engine runs beside the job; that needs a privileged runner.
default:
  image: ${options.nodeImage ?? nodeImageName(options)}
  services:
    - ${ENGINE}
  timeout: 60 minutes
  cache:
    key:
      files: [package-lock.json]
    paths: [.npm/]
${cache ? identity(cache.audience) : ''}  before_script:
    - apt-get update -qq && apt-get install -yqq --no-install-recommends docker-cli docker-buildx docker-compose
    - npm ci --cache .npm --prefer-offline
${setup.length > 0 ? `${block(4, setup.map(command))}\n` : ''}
variables:
  # What a change affects is seen from the history.
  GIT_DEPTH: '0'
  DOCKER_HOST: tcp://docker:2376
  DOCKER_TLS_CERTDIR: /certs
  DOCKER_TLS_VERIFY: '1'
  DOCKER_CERT_PATH: /certs/client
${cache?.upstream === undefined ? '' : `  EXCEL2DOC_CACHE_UPSTREAM: ${scalar(cache.upstream)}\n`}
${isSharded ? gitlabShardJobs(options, fresh === undefined ? '' : NOT_SCHEDULED, report(options, [SHARDS.records])) : checkJobs(options)}${isSharded && pushTarget !== undefined ? imagesJob(options, pushTarget) : ''}${pushTarget === undefined ? '' : pushJob(options, pushTarget)}${fresh === undefined ? '' : freshJob(options, fresh)}`;
}

/** One job for what a merge request affects, one for the branch. */
function checkJobs(options: CiOptions): string {
  const { branch, pushTarget, fresh } = options;
  return `affected:
  stage: check
  interruptible: true
${machines(options)}  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - export NX_BASE="$CI_MERGE_REQUEST_DIFF_BASE_SHA" NX_HEAD="$CI_COMMIT_SHA"
    - ${nxCommand(options, 'affected', targetsOf(options))}
${checks(options, 'affected')}${report(options)}
# All of it: GitLab does not tell which commit was the last that passed, so what an earlier
# pipeline left red would be missed. What has not changed comes from the cache.
all:
  stage: check
${machines(options)}  rules:
${fresh === undefined ? '' : NOT_SCHEDULED}    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}
  script:
    - ${nxCommand(options, 'run-many', targetsOf(options))}
${checks(options, 'run-many')}${pushTarget === undefined ? '' : pushParts(pushTarget)}${report(options, pushTarget === undefined ? [] : [PARTS])}`;
}

/** Without it a scheduled pipeline would run the jobs of the branch as well. */
const NOT_SCHEDULED = `    - if: $CI_PIPELINE_SOURCE == "schedule"
      when: never
`;

function freshJob(options: CiOptions, cron: string): string {
  return `
# Base images and RUN steps of today, tried and proposed as a change of the lock. It wants a schedule of
# the project (${cron}), and that job tokens may push (Settings, CI/CD, Job token permissions).
fresh:
  stage: check
  timeout: 120 minutes
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - npx nx run-many -t docker-lock --fresh
    - ${nxCommand(options, 'run-many', options.targets)}
    - npx nx run-many -t docker-audit
    - git switch --create "fresh-images-$CI_PIPELINE_ID"
    - git -c user.name=ci -c user.email=ci@localhost commit --all --message 'Make the images fresh'
    - git push -o merge_request.create -o "merge_request.target=$CI_DEFAULT_BRANCH" "https://gitlab-ci-token:$CI_JOB_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git" HEAD
`;
}

/** What fails after a job's script fails no job, so they are part of the script. */
function checks({ checkTargets = [] }: CiOptions, command: 'affected' | 'run-many'): string {
  return checkTargets.length > 0 ? `    - ${checkCommand(command, checkTargets)}\n` : '';
}

/** Pages of what was built and what the checks said, kept with the job whatever came of it. */
function report({ reportTarget, checkTargets = [] }: CiOptions, more: string[] = []): string {
  const after = reportTarget === undefined ? [] : [`npx nx run-many -t ${reportTarget} --optional`];
  const paths = [
    ...(reportTarget === undefined ? [] : [REPORTS]),
    ...(checkTargets.length > 0 ? [CHECKS] : []),
    ...more,
  ];
  if (paths.length === 0) return '';
  const lines = [
    after.length > 0 &&
      `after_script:\n${block(
        2,
        after.map((line) => `- ${line}`),
      )}`,
    'artifacts:',
    '  when: always',
    `  paths: [${paths.join(', ')}]`,
  ];
  return `${block(2, lines)}\n`;
}

/** One machine, whichever takes the job, or one of each kind; the first runs all the targets. */
function machines(options: CiOptions): string {
  const all = machinesOf(options);
  if (all.length === 1) {
    const [{ runner }] = all as [(typeof all)[0]];
    return runner === undefined ? '' : `  tags: [${scalar(runner)}]\n`;
  }
  const entries = all.flatMap((machine, index) => [
    `    - ARCH: ${archOf(machine)}`,
    `      RUNNER: ${scalar(machine.runner ?? RUNNERS[machine.platform])}`,
    `      TARGETS: ${(index === 0 ? options.targets : imageTargets(options)).join(' ')}`,
  ]);
  return `${block(2, ['parallel:', '  matrix:', ...entries, 'tags: [$RUNNER]'])}\n`;
}

const targetsOf = (options: CiOptions) =>
  machinesOf(options).length > 1 ? ['$TARGETS'] : options.targets;

export const nodeImageName = ({ nodeVersion }: Pick<CiOptions, 'nodeVersion'>) =>
  `node:${nodeVersion}-trixie`;

const LOG_IN = [
  'echo "$CI_REGISTRY_PASSWORD" | docker login "$CI_REGISTRY" --username "$CI_REGISTRY_USER" --password-stdin',
  'export NX_STAGES_REGISTRY="$CI_REGISTRY_IMAGE"',
];

/** What was built is pushed on the machine that built it; without a tag nobody sees it. */
function pushParts(target: string): string {
  const push = `npx nx run-many -t ${target} --parts=push`;
  return `${block(
    4,
    [...LOG_IN, push].map((line) => `- ${line}`),
  )}\n`;
}

/**
 * Pushes what the cache has of the shards; what it has not is built anew, and refused where it is not what
 * the shards made. Without a tag nobody sees it.
 */
function imagesJob(options: CiOptions, target: string): string {
  const push = `${nxCommand(options, 'run-many', [target])} --parts=push`;
  const script = [...LOG_IN, push, CHECK_PUSHED];
  return `
# What the cache has not of the shards is built anew, and refused where it is not what they made.
images:
  stage: images
${machines(options)}  rules:
${options.fresh === undefined ? '' : NOT_SCHEDULED}    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(options.branch)}
  script:
${block(
  4,
  script.map((line) => `- ${line}`),
)}
  artifacts:
    paths: [${PARTS}]
`;
}

/** Gives the parts of all machines their names once all jobs have passed. */
function pushJob(options: CiOptions, target: string): string {
  const { cache, sign } = options;
  const tokens = [
    'id_tokens:',
    ...(cache ? ['  EXCEL2DOC_CACHE_TOKEN:', `    aud: ${scalar(cache.audience)}`] : []),
    '  # The identity that signs: this file on this branch.',
    '  SIGSTORE_ID_TOKEN:',
    '    aud: sigstore',
  ];
  const cosign = `docker cp "$(docker create ${COSIGN})":/ko-app/cosign /usr/local/bin/cosign`;
  const script = [...LOG_IN, ...(sign ? [cosign] : []), joinCommand(options, target)];
  return `
push:
  stage: push
${sign ? `${block(2, tokens)}\n` : ''}  rules:
${options.fresh === undefined ? '' : NOT_SCHEDULED}    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(options.branch)}
  script:
${block(
  4,
  script.map((line) => `- ${/[:#] |^[^\w]/.test(line) ? scalar(line) : line}`),
)}
`;
}

function identity(audience: string): string {
  const lines = ['id_tokens:', '  EXCEL2DOC_CACHE_TOKEN:', `    aud: ${scalar(audience)}`];
  return `${block(2, lines)}\n`;
}

const command = (text: string) => `- ${scalar(text)}`;
