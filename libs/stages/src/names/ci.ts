/** What the service that runs this says it is for. All are absent outside of one. */
export interface CiRef {
  branch?: string;
  tag?: string;
  /** Number of the pull or merge request. */
  pullRequest?: string;
  defaultBranch?: string;
  isScheduled?: boolean;
  /** The address of the repository. */
  source?: string;
}

type Env = NodeJS.ProcessEnv;

/** By the variables of each service. Woodpecker and GitLab name several alike. */
const SERVICES: { is: (env: Env) => boolean; read: (env: Env) => Partial<CiRef> }[] = [
  {
    // Gitea and Forgejo too.
    is: (env) => Boolean(env['GITHUB_REF']),
    read: (env) => ({
      ...ofRef(env['GITHUB_REF']),
      ...(env['GITHUB_EVENT_NAME'] === 'schedule' && { isScheduled: true }),
      ...(env['GITHUB_REPOSITORY'] && {
        source: `${env['GITHUB_SERVER_URL'] ?? 'https://github.com'}/${env['GITHUB_REPOSITORY']}`,
      }),
    }),
  },
  {
    is: (env) => env['CI'] === 'woodpecker',
    read: (env) => ({
      ...(env['CI_COMMIT_TAG']
        ? { tag: env['CI_COMMIT_TAG'] }
        : env['CI_COMMIT_PULL_REQUEST']
          ? { pullRequest: env['CI_COMMIT_PULL_REQUEST'] }
          : given('branch', env['CI_COMMIT_BRANCH'])),
      ...given('defaultBranch', env['CI_REPO_DEFAULT_BRANCH']),
      ...given('source', env['CI_REPO_URL']),
      ...(env['CI_PIPELINE_EVENT'] === 'cron' && { isScheduled: true }),
    }),
  },
  {
    is: (env) => Boolean(env['GITLAB_CI']),
    read: (env) => ({
      ...given('tag', env['CI_COMMIT_TAG']),
      ...given('branch', env['CI_COMMIT_BRANCH']),
      ...given('pullRequest', env['CI_MERGE_REQUEST_IID']),
      ...given('defaultBranch', env['CI_DEFAULT_BRANCH']),
      ...given('source', env['CI_PROJECT_URL']),
      ...(env['CI_PIPELINE_SOURCE'] === 'schedule' && { isScheduled: true }),
    }),
  },
  {
    is: (env) => Boolean(env['BITBUCKET_BUILD_NUMBER']),
    read: (env) =>
      env['BITBUCKET_PR_ID']
        ? { pullRequest: env['BITBUCKET_PR_ID'] }
        : { ...given('tag', env['BITBUCKET_TAG']), ...given('branch', env['BITBUCKET_BRANCH']) },
  },
  {
    is: (env) => Boolean(env['BUILD_SOURCEBRANCH']),
    read: (env) => ({
      ...ofRef(env['BUILD_SOURCEBRANCH']),
      ...(env['BUILD_REASON'] === 'Schedule' && { isScheduled: true }),
    }),
  },
  {
    is: (env) => Boolean(env['JENKINS_URL']),
    read: (env) =>
      env['CHANGE_ID']
        ? { pullRequest: env['CHANGE_ID'] }
        : env['TAG_NAME']
          ? { tag: env['TAG_NAME'] }
          : given('branch', env['BRANCH_NAME']),
  },
  {
    is: (env) => Boolean(env['CIRCLECI']),
    read: (env) => ({
      ...given('tag', env['CIRCLE_TAG']),
      ...given('branch', env['CIRCLE_BRANCH']),
    }),
  },
];

/** What is run for; undefined where no service says so. */
export function ciRef(env: Env): CiRef | undefined {
  const found = SERVICES.find(({ is }) => is(env))?.read(env);
  return found && Object.keys(found).length > 0 ? found : undefined;
}

/** Absent where there is none. */
const given = <K extends string>(name: K, value: string | undefined) =>
  (value ? { [name]: value } : {}) as { [key in K]?: string };

/** `refs/heads/main`, `refs/tags/v1`, `refs/pull/2/merge` */
function ofRef(ref = ''): Partial<CiRef> {
  const [, kind, name = ''] = /^refs\/(heads|tags|pull)\/(.+)$/.exec(ref) ?? [];
  if (kind === 'heads') return { branch: name };
  if (kind === 'tags') return { tag: name };
  return kind === 'pull' ? { pullRequest: name.replace(/\/.*/, '') } : {};
}
