import { expect, test } from 'vitest';
import { provenance } from './provenance';
import { trustedOf } from './verify';

const commit = 'c'.repeat(40);
const hex = 'a'.repeat(64);
const making = {
  project: 'api',
  stage: 'runner',
  dockerfile: 'apps/api/Dockerfile',
  platforms: ['linux/amd64'],
  commit,
  images: [
    { reference: 'python:3.12-slim', digest: `sha256:${hex}` },
    { reference: 'registry.test:5000/team/tools', digest: null },
  ],
};
const images = [
  { uri: 'pkg:docker/python@3.12-slim', digest: { sha256: hex } },
  { uri: 'pkg:docker/registry.test:5000/team/tools' },
];

test('on GitHub the provenance names workflow, run, branch and commit', () => {
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_WORKFLOW_REF: 'acme/shop/.github/workflows/ci.yaml@refs/heads/main',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_RUN_ID: '7',
    GITHUB_RUN_ATTEMPT: '2',
  };
  const source = {
    uri: 'git+https://github.com/acme/shop@refs/heads/main',
    digest: { gitCommit: commit },
  };
  expect(provenance(making, env)).toEqual({
    buildDefinition: {
      buildType: 'urn:excel2doc:nx-stages:dockerfile-stage:v1',
      externalParameters: {
        project: 'api',
        stage: 'runner',
        dockerfile: 'apps/api/Dockerfile',
        platforms: ['linux/amd64'],
      },
      resolvedDependencies: [source, ...images],
    },
    runDetails: {
      builder: { id: 'https://github.com/acme/shop/.github/workflows/ci.yaml@refs/heads/main' },
      metadata: { invocationId: 'https://github.com/acme/shop/actions/runs/7/attempts/2' },
    },
  });
});

test('on GitLab it names runner and job', () => {
  const env = {
    GITLAB_CI: 'true',
    CI_PROJECT_URL: 'https://gitlab.test/acme/shop',
    CI_RUNNER_ID: '3',
    CI_JOB_URL: 'https://gitlab.test/acme/shop/-/jobs/9',
    CI_COMMIT_REF_NAME: 'main',
  };
  expect(provenance(making, env)).toMatchObject({
    runDetails: {
      builder: { id: 'https://gitlab.test/acme/shop/-/runners/3' },
      metadata: { invocationId: 'https://gitlab.test/acme/shop/-/jobs/9' },
    },
  });
});

test('an image that is not of a commit as it is has none in its provenance, and no source is made up', () => {
  expect(provenance({ ...making, commit: undefined }, {})).toMatchObject({
    buildDefinition: { resolvedDependencies: images },
    runDetails: { builder: { id: 'urn:excel2doc:nx-stages:own-machine' } },
  });
});

test.each([
  [{ verifyIdentity: 'a' }],
  [{ verifyIssuer: 'a' }],
  [{ verifyKey: 'k', verifyIdentity: 'a', verifyIssuer: 'b' }],
])('%j does not say whose signature counts', (options) => {
  expect(() => trustedOf(options)).toThrow('It is not clear whose signature the image has to have');
});
