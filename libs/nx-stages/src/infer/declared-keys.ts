/**
 * What is done with a key of a declaration file:
 *
 * - `used`: it is part of how the image is built here;
 * - `refused`: it would change the image and is not carried out, so docker-plan stops and names it;
 * - `idle`: it changes nothing about an image that is made here (caches, outputs, limits of a builder).
 */
export type Treatment = 'used' | 'refused' | 'idle';

/** @see https://docs.docker.com/reference/compose-file/build/ */
export const COMPOSE_BUILD_KEYS: Readonly<Record<string, Treatment>> = {
  context: 'used',
  dockerfile: 'used',
  // Left to Compose as a whole: there is no Dockerfile here that it would be the build of.
  dockerfile_inline: 'idle',
  args: 'used',
  target: 'used',
  platforms: 'used',
  additional_contexts: 'used',
  labels: 'used',
  network: 'refused',
  extra_hosts: 'refused',
  secrets: 'used',
  ssh: 'used',
  entitlements: 'refused',
  privileged: 'refused',
  isolation: 'refused',
  cache_from: 'idle',
  cache_to: 'idle',
  no_cache: 'idle',
  no_cache_filter: 'idle',
  pull: 'idle',
  provenance: 'idle',
  sbom: 'idle',
  shm_size: 'idle',
  ulimits: 'idle',
  tags: 'idle',
};

/** @see https://docs.docker.com/build/bake/reference/#target */
export const BAKE_TARGET_KEYS: Readonly<Record<string, Treatment>> = {
  context: 'used',
  dockerfile: 'used',
  args: 'used',
  target: 'used',
  platforms: 'used',
  inherits: 'used',
  contexts: 'used',
  'dockerfile-inline': 'refused',
  matrix: 'refused',
  labels: 'used',
  network: 'refused',
  'extra-hosts': 'refused',
  secret: 'used',
  ssh: 'used',
  entitlements: 'refused',
  annotations: 'used',
  attest: 'idle',
  'cache-from': 'idle',
  'cache-to': 'idle',
  call: 'idle',
  description: 'idle',
  name: 'idle',
  'no-cache': 'idle',
  'no-cache-filter': 'idle',
  output: 'idle',
  policy: 'idle',
  pull: 'idle',
  'shm-size': 'idle',
  tags: 'idle',
  ulimits: 'idle',
};

/**
 * The keys of a build that are not carried out: refused ones, and those that the table does not know.
 * One that is empty says nothing, and `x-` starts what is nobody's.
 */
export function refusedKeys(
  build: Readonly<Record<string, unknown>>,
  table: Readonly<Record<string, Treatment>>,
): string[] {
  return Object.entries(build)
    .filter(([key, value]) => !key.startsWith('x-') && !isEmpty(value))
    .map(([key]) => key)
    .filter((key) => (table[key] ?? 'refused') === 'refused')
    .sort();
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
