import type { UsedImage } from '@excel2doc/stages';

/** How an image was made, as whoever pushes it knows it. */
export interface Making {
  project: string;
  stage: string;
  /** Relative to the workspace. */
  dockerfile: string;
  platforms: string[];
  /** The commit, in full, where the image is made of it as it is. */
  commit: string | undefined;
  images: readonly UsedImage[];
}

type Env = NodeJS.ProcessEnv;

/** The page that says how a stage is made of its Dockerfile. */
const BUILD_TYPE = 'urn:excel2doc:nx-stages:dockerfile-stage:v1';

interface Resource {
  uri?: string;
  digest?: Record<string, string>;
}

/**
 * The predicate of SLSA's provenance. It says what is known: the source is that of the CI service,
 * with its commit only where the image is made of that commit as it is; an image that nothing locked
 * has no digest.
 *
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function provenance(making: Making, env: Env = process.env): object {
  const { project, stage, dockerfile, platforms, images } = making;
  const job = jobOf(env);
  const source = sourceOf(making, job?.source);
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: { project, stage, dockerfile, platforms },
      resolvedDependencies: [...(source ? [source] : []), ...images.map(imageResource)],
    },
    runDetails: {
      builder: { id: job?.builder ?? 'urn:excel2doc:nx-stages:own-machine' },
      ...(job && { metadata: { invocationId: job.run } }),
    },
  };
}

function sourceOf({ commit }: Making, uri: string | undefined): Resource | undefined {
  if (commit === undefined && uri === undefined) return undefined;
  return { ...(uri && { uri }), ...(commit && { digest: { gitCommit: commit } }) };
}

/** As package addresses have it. @see https://github.com/package-url/purl-spec */
function imageResource({ reference, digest }: UsedImage): Resource {
  const at = /^(?<name>.*?)(?::(?<tag>[^/:@]+))?(?:@.*)?$/.exec(reference)?.groups ?? {};
  const tag = at['tag'] ? `@${encodeURIComponent(at['tag'])}` : '';
  const hex = digest?.replace('sha256:', '');
  return { uri: `pkg:docker/${at['name']}${tag}`, ...(hex && { digest: { sha256: hex } }) };
}

interface Job {
  builder: string;
  run: string;
  source: string;
}

/** What a CI service says of the job that this is; undefined on any other machine. */
function jobOf(env: Env): Job | undefined {
  if (env['GITHUB_ACTIONS'] === 'true') {
    const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
    const repository = `${server}/${env['GITHUB_REPOSITORY']}`;
    return {
      builder: `${server}/${env['GITHUB_WORKFLOW_REF']}`,
      run: `${repository}/actions/runs/${env['GITHUB_RUN_ID']}/attempts/${env['GITHUB_RUN_ATTEMPT']}`,
      source: `git+${repository}@${env['GITHUB_REF']}`,
    };
  }
  if (env['GITLAB_CI'] === 'true') {
    const project = env['CI_PROJECT_URL'] ?? '';
    return {
      builder: `${project}/-/runners/${env['CI_RUNNER_ID']}`,
      run: env['CI_JOB_URL'] ?? '',
      source: `git+${project}@${env['CI_COMMIT_REF_NAME']}`,
    };
  }
  return undefined;
}
