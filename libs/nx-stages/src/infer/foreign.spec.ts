import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

const stages = (targets: Record<string, { executor?: string }> = {}) =>
  Object.keys(targets).filter(
    (name) =>
      !/^docker-(plan|explain|build|push|lock|report|watch)($|-)/.test(name) &&
      targets[name]?.executor !== '@excel2doc/nx-stages:docker-run',
  );

describe('a Dockerfile that nobody here wrote', () => {
  test('without names for its stages has a task for each', () => {
    const { web } = workspace.infer({
      'web/Dockerfile': 'FROM node AS build\nRUN x\nFROM nginx\nCOPY --from=0 /out /srv\n',
    });
    expect(stages(web?.targets)).toEqual(['docker-stage-build', 'docker-stage-1']);
  });

  test('with one stage is one task', () => {
    const { job } = workspace.infer({ 'job/Dockerfile': 'FROM a\nRUN x\nCOPY . .\n' });
    expect(stages(job?.targets)).toEqual(['docker-stage-0']);
    expect(job?.targets?.['docker-build']?.dependsOn).toEqual(['docker-stage-0']);
  });

  test('with Windows line ends has the same targets', () => {
    const text = 'FROM a AS deps\nRUN x && \\\n  y\nFROM deps\nCOPY app app\n';
    const unix = workspace.infer({ 'a/Dockerfile': text });
    expect(workspace.infer({ 'a/Dockerfile': text.replaceAll('\n', '\r\n') })).toEqual(unix);
  });

  test('in a path with spaces and Chinese characters has its targets, and an image name that is one', () => {
    const projects = workspace.infer({ 'apps/订单 service/Dockerfile': 'FROM a AS run\n' });
    const targets = projects['apps/订单 service']?.targets;
    expect(targets?.['docker-run']?.options).toMatchObject({
      dockerfile: 'apps/订单 service/Dockerfile',
      context: 'apps/订单 service',
    });
    expect(targets?.['docker-build']?.options.image).toBe('service');
  });

  test('of a scoped package gives an image without the @', () => {
    const { api } = workspace.infer({
      'api/package.json': '{"name":"@Shop/api"}',
      'api/Dockerfile': 'FROM a\n',
    });
    expect(api?.targets?.['docker-build']?.options.image).toBe('shop/api');
  });
});

describe('what runs an image', () => {
  test('is a target of its own, with the name that docker-build gives', () => {
    const { web } = workspace.infer({ 'web/Dockerfile': 'FROM node AS out\n' });
    expect(web?.targets?.['docker-run']).toMatchObject({
      executor: '@excel2doc/nx-stages:docker-run',
      dependsOn: ['docker-build'],
      options: { image: 'web' },
    });
  });

  test('does not take the place of a stage that is called so', () => {
    const { web } = workspace.infer({ 'web/Dockerfile': 'FROM node AS run\n' });
    expect(web?.targets?.['docker-run']?.options).toMatchObject({ stage: 'run' });
  });
});

describe('several Dockerfiles in a project', () => {
  test('have targets by their names, and outputs of their own', () => {
    const { api } = workspace.infer({
      'api/package.json': '{"name":"api"}',
      'api/Dockerfile': 'FROM a AS run\n',
      'api/Dockerfile.worker': 'FROM a AS run\n',
      'api/cron.Dockerfile': 'FROM a AS run\n',
      'api/nginx/Dockerfile': 'FROM a AS run\n',
      'api/Dockerfile.dockerignore': '*.md\n',
    });
    expect(stages(api?.targets)).toEqual([
      'docker-run',
      'docker-run-worker',
      'docker-run-cron',
      'docker-run-nginx',
    ]);
    expect(api?.targets?.['docker-run-worker']).toMatchObject({
      dependsOn: [],
      outputs: ['{workspaceRoot}/dist/api@worker/docker/run'],
      options: { dockerfile: 'api/Dockerfile.worker', variant: 'worker' },
    });
    expect(api?.targets?.['docker-build-worker']?.options.image).toBe('api-worker');
    expect(api?.targets?.['docker-report-worker']?.options).toEqual({
      stages: ['run'],
      stage: 'run',
      variant: 'worker',
    });
    expect(api?.targets?.['docker-report']?.options).toEqual({ stages: ['run'], stage: 'run' });
  });

  test('have names of their own where only folders or letters beyond Latin tell them apart', () => {
    const { api } = workspace.infer({
      'api/package.json': '{}',
      'api/Dockerfile': 'FROM a AS run\n',
      'api/Containerfile': 'FROM a AS run\n',
      'api/build/app.Dockerfile': 'FROM a AS run\n',
      'api/app.Dockerfile': 'FROM a AS run\n',
      'api/订单.Dockerfile': 'FROM a AS run\n',
    });
    expect(stages(api?.targets).sort()).toEqual([
      'docker-run',
      'docker-run-app',
      'docker-run-build-app',
      'docker-run-containerfile',
      'docker-run-订单',
    ]);
  });

  test('are none of a template or a note', () => {
    expect(
      workspace.infer({ 'api/Dockerfile.j2': 'FROM {{ x }}\n', 'api/Dockerfile.md': '# How\n' }),
    ).toEqual({});
  });
});

describe('the build context', () => {
  test('is the workspace where the Dockerfile copies by paths from there', () => {
    const { 'apps/web': web } = workspace.infer({
      'apps/web/project.json': '{"name":"web"}',
      'apps/web/src/main.js': '',
      'libs/ui/package.json': '{"name":"ui"}',
      'apps/web/Dockerfile': 'FROM a AS run\nCOPY libs/ui ui\nCOPY apps/web/src src\n',
    });
    expect(web?.targets?.['docker-run']?.options.context).toBe('.');
  });

  test('is the project where the Dockerfile lies in a folder of it', () => {
    const { 'apps/web': web } = workspace.infer({
      'apps/web/project.json': '{"name":"web"}',
      'apps/web/src/main.js': '',
      'apps/web/docker/Dockerfile': 'FROM a AS run\nCOPY src src\n',
    });
    expect(web?.targets?.['docker-run']?.options.context).toBe('apps/web');
  });

  test('does not change with what is built: COPY dist/apps/web is meant from the workspace', () => {
    const dockerfile = {
      '.gitignore': 'dist\n',
      'apps/web/Dockerfile': 'FROM a AS run\nCOPY dist/apps/web srv\n',
    };
    const before = workspace.infer({ 'apps/web/project.json': '{}', ...dockerfile });
    expect(before['apps/web']?.targets?.['docker-run']?.options.context).toBe('.');
    expect(workspace.infer({ 'dist/apps/web/a.js': '', ...dockerfile })).toEqual(before);
  });

  test('that holds other projects makes them dependencies in the graph', () => {
    const projects = workspace.infer({
      'apps/web/project.json': '{"name":"web"}',
      'apps/web/Dockerfile': 'FROM a\nCOPY libs/ui/src ui\nCOPY apps/web app\nCOPY tools/x.sh .\n',
      'libs/ui/src/index.js': '',
      'tools/x.sh': '',
    });
    const all = { ...projects, 'libs/ui': { name: 'ui', root: 'libs/ui' } };
    expect(workspace.dependencies(all)).toEqual([
      { source: 'web', target: 'ui', type: 'implicit' },
    ]);
  });

  test('makes none of what the Dockerfile copied before it was broken', () => {
    const dockerfile = (text: string) =>
      workspace.infer({ 'apps/web/Dockerfile': text, 'libs/ui/index.js': '' });
    const ui = { 'libs/ui': { name: 'ui', root: 'libs/ui' } };
    const projects = dockerfile('FROM a\nCOPY libs/ui ui\n');
    expect(workspace.dependencies({ ...projects, ...ui })).toHaveLength(1);
    dockerfile('FROM a\nCOPPY libs/ui ui\n');
    expect(workspace.dependencies({ ...projects, ...ui })).toEqual([]);
  });
});

describe('a Compose file', () => {
  test('gives context, arguments, target and platforms to the Dockerfile that a service builds', () => {
    const { api } = workspace.infer({
      'api/package.json': '{"name":"api"}',
      'api/docker/Dockerfile': 'FROM a AS dev\nRUN x\nFROM a AS prod\nCOPY --from=dev /x /x\n',
      'compose.yaml': `
services:
  api:
    build:
      context: .
      dockerfile: api/docker/Dockerfile
      target: dev
      args: { VERSION: 3, MODE: "\${MODE:-fast}", TOKEN: "\${TOKEN}" }
      platforms: [linux/arm64]
`,
    });
    expect(api?.targets?.['docker-dev']?.options).toEqual({
      stage: 'dev',
      dockerfile: 'api/docker/Dockerfile',
      context: '.',
      lockFile: 'docker/images.lock.json',
      platforms: ['linux/arm64'],
      targets: ['dev'],
    });
    const plan = api?.targets?.['docker-plan'];
    expect(plan?.metadata).toMatchObject({ buildArgs: { VERSION: '3', MODE: 'fast' } });
    expect(plan?.inputs).toContain('{workspaceRoot}/compose.yaml');
    expect(api?.targets?.['docker-build']?.dependsOn).toEqual(['docker-dev']);
    expect(api?.targets?.['compose-up']?.options.service).toBe('api');
  });

  test('with several services that are built here has them all built before it comes up', () => {
    const { api } = workspace.infer({
      'api/Dockerfile': 'FROM a\n',
      'api/Dockerfile.worker': 'FROM a\n',
      'web/Dockerfile': 'FROM a\n',
      'compose.yaml': `
services:
  api: { build: ./api }
  worker: { build: { context: api, dockerfile: Dockerfile.worker } }
  web: { build: web }
`,
    });
    expect(api?.targets?.['compose-up']?.dependsOn).toEqual([
      'docker-build',
      { projects: ['api'], target: 'docker-build-worker' },
      { projects: ['web'], target: 'docker-build' },
    ]);
  });

  test('whose services build one Dockerfile with other arguments or contexts has an image for each', () => {
    const { shop } = workspace.infer({
      'shop/package.json': '{"name":"shop"}',
      'shop/Dockerfile': 'FROM a AS deps\nARG ROLE\nFROM deps AS run\nARG ROLE\nRUN x $ROLE\n',
      'shop/compose.yaml': `
services:
  api: { build: { context: ., args: { ROLE: api } } }
  worker: { build: { context: ., args: [ROLE=worker] } }
  mailer: { build: { context: ., args: { ROLE: worker } } }
  site: { build: { context: site, dockerfile: ../Dockerfile, args: { ROLE: api } } }
`,
    });
    const targets = shop?.targets ?? {};
    const builds = Object.entries(targets).filter(([name]) => name.startsWith('docker-build'));
    expect(
      builds.map(([name, { options, metadata }]) => [
        ...[name, options.image, options.context],
        (metadata as { services?: string[] }).services,
      ]),
    ).toEqual([
      ['docker-build', 'shop', 'shop', ['api']],
      ['docker-build-worker', 'shop-worker', 'shop', ['worker', 'mailer']],
      ['docker-build-site', 'shop-site', 'shop/site', ['site']],
    ]);
    const args = (name: string) => (targets[name]?.metadata as { buildArgs?: object }).buildArgs;
    expect(args('docker-plan')).toEqual({ ROLE: 'api' });
    expect(args('docker-plan-worker')).toEqual({ ROLE: 'worker' });
    expect(targets['docker-run-worker']).toMatchObject({
      dependsOn: ['docker-deps-worker'],
      outputs: ['{workspaceRoot}/dist/shop@worker/docker/run'],
    });
    expect(targets['compose-up']?.dependsOn).toEqual([
      'docker-build',
      { projects: ['shop'], target: 'docker-build-worker' },
      { projects: ['shop'], target: 'docker-build-site' },
    ]);
  });

  test('may say in one place what its services share', () => {
    const { api } = workspace.infer({
      'api/Dockerfile': 'FROM a\nARG MODE\n',
      'compose.yaml': `
x-shared: &shared { build: { context: api, args: { MODE: fast } } }
services:
  api: { <<: *shared, restart: always }
`,
    });
    expect(api?.targets?.['docker-plan']?.metadata).toMatchObject({ buildArgs: { MODE: 'fast' } });
  });

  test('whose services want other stages of one build has them made once, and an image of each', () => {
    const { shop } = workspace.infer({
      'shop/package.json': '{"name":"shop"}',
      'shop/Dockerfile':
        'FROM a AS base\nFROM base AS api\nFROM base AS worker\nFROM base AS cron\n',
      'shop/Dockerfile.worker': 'FROM a\n',
      'shop/compose.yaml': `
services:
  api: { build: { context: ., target: api } }
  worker: { build: { context: ., target: worker } }
  cron: { build: . }
`,
    });
    const made = stages(shop?.targets).filter((name) => /^docker-(?!audit)/.test(name));
    expect(made).toEqual([
      ...['docker-base', 'docker-api', 'docker-worker', 'docker-cron'],
      'docker-stage-0-worker',
    ]);
    const built = (name: string) => shop?.targets?.[name]?.options;
    expect(built('docker-build')).toMatchObject({ stage: 'api', image: 'shop' });
    expect(built('docker-build-cron')).toMatchObject({ stage: 'cron', image: 'shop-cron' });
    // The name of the second Dockerfile is taken.
    expect(built('docker-build-worker').dockerfile).toBe('shop/Dockerfile.worker');
    expect(built('docker-build-worker-2')).toMatchObject({
      stage: 'worker',
      image: 'shop-worker-2',
    });
    expect(built('docker-push-worker-2')).toMatchObject({ stage: 'worker' });
    expect(shop?.targets?.['docker-build-cron']?.dependsOn).toEqual(['docker-cron']);
  });

  test('that builds from the network or from its own text is left to Compose', () => {
    const projects = workspace.infer({
      'compose.yaml': `
services:
  a: { build: https://example.com/a.git }
  b: { build: { dockerfile_inline: "FROM a" } }
  c: { build: { context: ../outside } }
`,
    });
    expect(projects).toEqual({});
  });
});

describe('a Bake file', () => {
  const bake = `
variable "TAG" { default = "dev" }
variable "NODE" { default = "20" }
function "twice" { params = [x]  result = x }
group "default" { targets = ["api"] }
target "_common" {
  platforms = ["linux/amd64", "linux/arm64"] // both
  args = { NODE_VERSION = NODE, SECRET = twice(TAG) }
}
target "api" {
  inherits = ["_common"]
  context = "./services/api"
  target = "release"
  args = { MODE = "m-\${TAG}" }
  tags = ["api:\${TAG}", notequal("", TAG) ? "x" : ""]
}
`;

  test('gives what it says of a target, with what that inherits', () => {
    const projects = workspace.infer({
      'docker-bake.hcl': bake,
      'services/api/Dockerfile': 'ARG MODE\nFROM a AS release\nFROM release AS debug\n',
    });
    const targets = projects['services/api']?.targets;
    expect(targets?.['docker-build']?.options).toMatchObject({
      stage: 'release',
      context: 'services/api',
      platforms: ['linux/amd64', 'linux/arm64'],
    });
    expect(targets?.['docker-plan']?.metadata).toMatchObject({
      buildArgs: { NODE_VERSION: '20', MODE: 'm-dev' },
    });
  });

  test('whose targets differ in arguments gives an image for each, and none for what others inherit', () => {
    const { api } = workspace.infer({
      'api/docker-bake.hcl': `
group "default" { targets = ["image", "image-debug"] }
target "_meta" { args = { A = "0" } }
target "base" { args = { B = "1" } }
target "image" { inherits = ["_meta", "base"] }
target "image-debug" {
  inherits = ["image"]
  args = { DEBUG = "yes" }
}
target "image-all" {
  inherits = ["image"]
  platforms = ["linux/amd64", "linux/arm64"]
}
`,
      'api/Dockerfile': 'FROM a\nARG DEBUG\n',
    });
    const builds = Object.keys(api?.targets ?? {}).filter((name) => name.includes('build'));
    expect(builds).toEqual(['docker-build', 'docker-build-image-debug']);
    const plan = api?.targets?.['docker-plan'];
    expect(plan?.metadata).toMatchObject({ buildArgs: { A: '0', B: '1' } });
    expect(plan?.options.platforms).toEqual(['linux/amd64', 'linux/arm64']);
  });

  test('in JSON says the same', () => {
    const target = { api: { context: 'api', args: { A: '1' }, dockerfile: 'Dockerfile.api' } };
    const { api } = workspace.infer({
      'docker-bake.json': JSON.stringify({ target }),
      'api/Dockerfile.api': 'FROM a\n',
    });
    expect(api?.targets?.['docker-plan-api']?.metadata).toMatchObject({ buildArgs: { A: '1' } });
  });

  test('that is broken is named with its line, and its Dockerfiles go on', () => {
    const { api } = workspace.infer({
      'docker-bake.hcl': 'target "api" {\n  context = [\n}\n',
      'api/Dockerfile': 'FROM a\n',
    });
    expect(api?.targets).toHaveProperty('docker-build');
  });
});

test.each([
  [{ imageNmae: 'x' }, 'did you mean "imageName"?'],
  [{ compression: 'brotli' }, 'it has to be "gzip" or "zstd"'],
  [{ layering: 'file' }, 'it has to be "package" or "stage"'],
  [{ whatever: 'x' }, 'it has imageName, lockFile, platforms, registry'],
  [{ platforms: 'linux/amd64' }, 'it has to be a list of strings'],
  [{ platforms: [] }, 'option "platforms" of @excel2doc/nx-stages: none is named'],
  [{ platforms: ['linux/amd64', ''] }, 'there is no platform ""'],
  [{ platforms: ['linux/amd46'] }, 'there is no platform "linux/amd46"; it takes'],
  [{ platforms: ['linux/arm/v9'] }, 'there is no platform "linux/arm/v9"'],
  [{ builders: { '*': [] } }, 'it has to be an object of builders’ names'],
  [{ builders: { '*': '' } }, 'it has to be an object of builders’ names'],
  [{ builders: { 'linux/amr64': 'arm' } }, 'there is no platform "linux/amr64"'],
  [{ builders: { 'lnux/arm64': 'arm' } }, 'there is no platform "lnux/arm64"'],
  [{ builders: { 'all of them': 'arm' } }, 'there is no platform "all of them"'],
  [{ builders: { arm64: 'arm' } }, '"arm64" is written "linux/arm64"'],
  [{ builders: { 'linux/arm64/v8': ['arm'] } }, '"linux/arm64/v8" is written "linux/arm64"'],
  [{ builders: ['one'] }, 'it has to be an object of builders’ names'],
  [{ engine: 'podmann' }, 'it has to be "auto", "docker" or "podman"'],
])('option %j is refused: %s', (options, message) => {
  expect(() => workspace.infer({}, options as object)).toThrow(message);
});
