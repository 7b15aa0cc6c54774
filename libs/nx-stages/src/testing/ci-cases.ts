import type { CiOptions } from '../generators/ci/options';

/** What this repository's own files are made from. */
export const OWN_CI: CiOptions = {
  branch: 'main',
  targets: ['lint', 'typecheck', 'test', 'test-engine', 'docker-build'],
  pushTarget: 'docker-push',
  sign: true,
  platforms: [{ platform: 'linux/amd64' }, { platform: 'linux/arm64' }],
  checkTargets: ['docker-audit'],
  reportTarget: 'docker-report',
  nodeImage:
    'node:24-trixie@sha256:be40f6a87b9b22215ddb20da0a2320a5c6d583fe3ee3b0024d9fa4f05b40c8fd',
  nodeVersion: '24',
  cache: { audience: 'nx-cache' },
  setup: ['node --import tsx tools/ready.ts'],
  fresh: '17 3 * * 1',
};
const least: CiOptions = { branch: 'main', targets: ['test'], nodeVersion: '22' };

/** Of each kind one. */
export const CI_CASES: [string, CiOptions][] = [
  ['of this repository', OWN_CI],
  ['of a workspace that only tests', least],
  [
    'with a server that is named, and values that YAML would read otherwise',
    {
      branch: 'release/1.0',
      targets: ['test', 'e2e:ci'],
      nodeVersion: '22.12',
      cache: { upstream: 'https://cache.example.org:8443', audience: 'yes' },
      setup: [`echo "it's: here" # for all`, 'true'],
      pushTarget: 'docker-push',
      platforms: [{ platform: 'linux/arm64', runner: 'self-hosted' }],
    },
  ],
];

/** Those in which several jobs share what the others give one. */
export const SHARD_CASES: [string, CiOptions][] = [
  [
    'with shards',
    {
      ...least,
      targets: ['test', 'docker-build'],
      shards: 'auto',
      cache: { audience: 'nx-cache' },
      pushTarget: 'docker-push',
      sign: true,
      fresh: '17 3 * * 1',
    },
  ],
  [
    'with four shards that only test, on machines of its own',
    {
      ...least,
      shards: 4,
      cache: { upstream: 'https://cache.example.org', audience: 'nx-cache' },
      platforms: [{ platform: 'linux/amd64', runner: 'self-hosted' }],
      setup: ['true'],
    },
  ],
];
