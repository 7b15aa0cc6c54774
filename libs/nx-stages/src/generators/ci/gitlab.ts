import { type CiOptions, block, nxCommand, scalar } from './options';

const ENGINE = '28.5.1';

/**
 * The text of a GitLab pipeline: the targets of what a merge request affects; on the branch those
 * of every project, and then the images into GitLab's registry. No secret is stored anywhere: the
 * cache takes the job's identity token, the registry the job's own.
 *
 * @see docs/remote-cache.md, "GitLab CI"
 */
export function gitlabPipeline(options: CiOptions): string {
  const { branch, targets, pushTarget, cache, nodeVersion, setup = [], fresh } = options;
  const stages = ['check', ...(pushTarget === undefined ? [] : ['push'])];
  return `# From \`npx nx g @excel2doc/nx-stages:ci\`: run it again with other options to change it.
stages: [${stages.join(', ')}]

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}

# The engine runs beside the job; that needs a privileged runner.
default:
  image: node:${nodeVersion}-trixie
  services:
    - docker:${ENGINE}-dind
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
affected:
  stage: check
  interruptible: true
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  script:
    - export NX_BASE="$CI_MERGE_REQUEST_DIFF_BASE_SHA" NX_HEAD="$CI_COMMIT_SHA"
    - ${nxCommand(options, 'affected', targets)}
${report(options)}
# All of it: GitLab does not tell which commit was the last that passed, so what an earlier
# pipeline left red would be missed. What has not changed comes from the cache.
all:
  stage: check
  rules:
${fresh === undefined ? '' : NOT_SCHEDULED}    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(branch)}
  script:
    - ${nxCommand(options, 'run-many', targets)}
${report(options)}${pushTarget === undefined ? '' : pushJob(options, pushTarget)}${fresh === undefined ? '' : freshJob(options, fresh)}`;
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
    - npx nx run-many -t docker-audit --optional
    - git switch --create "fresh-images-$CI_PIPELINE_ID"
    - git -c user.name=ci -c user.email=ci@localhost commit --all --message 'Make the images fresh'
    - git push -o merge_request.create -o "merge_request.target=$CI_DEFAULT_BRANCH" "https://gitlab-ci-token:$CI_JOB_TOKEN@$CI_SERVER_HOST/$CI_PROJECT_PATH.git" HEAD
`;
}

/** Pages of what was built, kept with the job whatever came of it. */
function report({ reportTarget }: CiOptions): string {
  if (reportTarget === undefined) return '';
  const lines = [
    'after_script:',
    `  - npx nx run-many -t ${reportTarget} --optional`,
    'artifacts:',
    '  when: always',
    '  paths: [dist/**/docker/report.html]',
  ];
  return `${block(2, lines)}\n`;
}

function pushJob(options: CiOptions, target: string): string {
  return `
push:
  stage: push
  rules:
${options.fresh === undefined ? '' : NOT_SCHEDULED}    - if: $CI_COMMIT_BRANCH == ${JSON.stringify(options.branch)}
  script:
    - echo "$CI_REGISTRY_PASSWORD" | docker login "$CI_REGISTRY" --username "$CI_REGISTRY_USER" --password-stdin
    - export NX_STAGES_REGISTRY="$CI_REGISTRY_IMAGE"
    - ${nxCommand(options, 'run-many', [target])}
`;
}

function identity(audience: string): string {
  const lines = ['id_tokens:', '  EXCEL2DOC_CACHE_TOKEN:', `    aud: ${scalar(audience)}`];
  return `${block(2, lines)}\n`;
}

const command = (text: string) => `- ${scalar(text)}`;
