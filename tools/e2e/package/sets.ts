/** One image that a folder below tools/e2e/sets builds, and how plain BuildKit is told to. */
export interface ImageSet {
  /** Below `package-e2e/`, without a tag. */
  image: string;
  /** Relative to the workspace, as is `context`. */
  dockerfile: string;
  /** Default: the Dockerfile's folder. */
  context?: string;
  target?: string;
  buildArgs?: Record<string, string>;
}

export const SETS: ImageSet[] = [
  { image: 'python-pip', dockerfile: 'python-pip/Dockerfile' },
  { image: 'python-uv', dockerfile: 'python-uv/Dockerfile' },
  { image: 'sets/node-api', dockerfile: 'node-api/Dockerfile' },
  { image: 'monorepo-web', dockerfile: 'monorepo/apps/web/Dockerfile', context: '.' },
  { image: 'go-static', dockerfile: 'go-static/Dockerfile' },
  { image: 'java-maven', dockerfile: 'java-maven/Dockerfile' },
  { image: 'static-site', dockerfile: 'static-site/Containerfile' },
  { image: 'one-stage', dockerfile: 'one-stage/Dockerfile' },
  { image: 'services', dockerfile: 'services/Dockerfile', buildArgs: { BASE: 'release' } },
  {
    image: 'services-worker',
    dockerfile: 'services/Dockerfile.worker',
    target: 'worker',
    buildArgs: { QUEUE: 'mail' },
  },
  {
    image: 'baked-app',
    dockerfile: 'baked/build/app.Dockerfile',
    context: 'baked',
    target: 'release',
    buildArgs: { VERSION: '1.2.3' },
  },
  // Three services of one Dockerfile: other arguments, and another stage.
  { image: 'fleet', dockerfile: 'fleet/Dockerfile', target: 'service', buildArgs: { ROLE: 'api' } },
  {
    image: 'fleet-worker',
    dockerfile: 'fleet/Dockerfile',
    target: 'service',
    buildArgs: { ROLE: 'worker' },
  },
  {
    image: 'fleet-jobs',
    dockerfile: 'fleet/Dockerfile',
    target: 'jobs',
    buildArgs: { ROLE: 'api' },
  },
  { image: 'rust-cache', dockerfile: 'rust-cache/Dockerfile' },
  { image: 'orders', dockerfile: '订单 服务/Dockerfile' },
];
