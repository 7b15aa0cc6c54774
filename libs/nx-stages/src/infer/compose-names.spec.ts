import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { declaredOf, type DockerOptions, type PluginOptions } from '@excel2doc/stages';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  workspace.remove();
});

/** How the Dockerfile of `root` is built, by what the files say. */
function built(files: Record<string, string>, options: PluginOptions = {}, root = 'api') {
  const projects = workspace.infer({ 'api/Dockerfile': 'FROM x\nCOPY a /\n', ...files }, options);
  const plan = projects[root]?.targets?.['docker-plan'];
  const { context, platforms } = plan?.options as DockerOptions;
  const { buildArgs, unread } = (plan?.metadata ?? {}) as {
    buildArgs?: Record<string, string>;
    unread?: string[];
  };
  const declared = declaredOf(projects[root]?.targets?.['docker-build']?.metadata);
  return { context, platforms, buildArgs, unread, declared, inputs: plan?.inputs };
}
const build = (text: string) => `services: { api: { build: ${text} } }\n`;
const whole = build('{ context: ., dockerfile: api/Dockerfile, args: { A: dev, B: dev } }');

test.each<[string, Record<string, string>, PluginOptions]>([
  [
    'the option composeFiles',
    { 'docker-compose.dev.yml': whole },
    { composeFiles: ['docker-compose.dev.yml'] },
  ],
  ['COMPOSE_FILE of .env', { 'deploy.yml': whole, '.env': 'COMPOSE_FILE=deploy.yml\n' }, {}],
  [
    'include',
    {
      'compose.yaml': 'include: [parts/api.yaml]\n',
      'parts/api.yaml': build('{ context: .., dockerfile: api/Dockerfile, args: [A=dev, B=dev] }'),
    },
    {},
  ],
  [
    'include with a folder',
    {
      'compose.yaml': 'include: [{ path: parts/api.yaml, project_directory: . }]\n',
      'parts/api.yaml': whole,
    },
    {},
  ],
  [
    'extends of a file',
    {
      'compose.yaml':
        'services: { api: { extends: { file: parts/base.yaml, service: base }, build: { args: { A: dev } } } }\n',
      'parts/base.yaml':
        'services: { base: { build: { context: .., dockerfile: api/Dockerfile, args: { A: base, B: dev } } } }\n',
    },
    {},
  ],
  [
    'extends within a file',
    {
      'compose.yaml':
        'services: { api: { extends: base, build: { args: { B: dev } } }, base: { build: { context: ., dockerfile: api/Dockerfile, args: { A: dev, B: no } } } }\n',
    },
    {},
  ],
])('a build is read that %s gives', (_what, files, options) => {
  const found = built(files, options);
  expect(found.context).toBe('.');
  expect(found.buildArgs).toEqual({ A: 'dev', B: 'dev' });
  for (const file of Object.keys(files).filter((each) => /ya?ml$/.test(each)))
    expect(found.inputs).toContain(`{workspaceRoot}/${file}`);
});

test('files that are given together are laid over each other, and replace those of the folder', () => {
  const found = built({
    '.env': 'COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE="base.yml,over.yml"\n',
    'base.yml': build(
      '{ context: ., dockerfile: api/Dockerfile, args: { A: base, B: base }, platforms: [linux/amd64], labels: [a=a, b=b] }',
    ),
    'over.yml': build(
      '{ args: [B=over], platforms: [linux/arm64], labels: { a: c }, network: host }',
    ),
    'compose.yaml': build('api'),
  });
  expect(found).toMatchObject({
    context: '.',
    buildArgs: { A: 'base', B: 'over' },
    platforms: ['linux/amd64', 'linux/arm64'],
    unread: ['base.yml, api: network'],
    declared: { labels: { a: 'c', b: 'b' } },
  });
});

test('a .env in a folder above the Dockerfiles names files of that folder', () => {
  const found = built(
    {
      'shop/.env': 'COMPOSE_FILE=dev.yml\n',
      'shop/dev.yml': build(
        '{ context: .., dockerfile: shop/images/api/Dockerfile, args: { A: dev } }',
      ),
      'shop/images/api/Dockerfile': 'FROM x\n',
    },
    {},
    'shop/images/api',
  );
  expect(found).toMatchObject({ context: '.', buildArgs: { A: 'dev' } });
});

test.each([
  ['the COMPOSE_FILE of the shell', {}],
  ['a .env that git ignores', { '.gitignore': '.env\n', '.env': 'COMPOSE_FILE=deploy.yml\n' }],
])('%s decides nothing', (_what, files) => {
  vi.stubEnv('COMPOSE_FILE', 'deploy.yml');
  const found = built({ 'deploy.yml': whole, 'api/a': 'a', ...files });
  expect(found).toMatchObject({ context: 'api', buildArgs: undefined });
});

test.each([
  ['an inline Dockerfile', '{ context: api, dockerfile_inline: "FROM x" }', /dockerfile_inline/],
  ['a context in the network', 'https://example.com/a.git', /no file of this workspace/],
  ['a context that the shell names', '"${WHERE}"', /a variable without a default/],
])('a service with %s is left to Compose, and that is said', (_what, text, said) => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  built({ 'compose.yaml': build(text), 'api/a': 'a' });
  expect(warn.mock.calls.flat().join()).toMatch(said);
  expect(warn.mock.calls.flat().join()).toContain('compose.yaml, api: ');
});

test.each([
  ['a file that is not there', 'include: [gone.yaml]\n', /gone\.yaml/],
  ['one in the network', 'include: ["https://example.com/a.yaml"]\n', /no file of the workspace/],
  ['itself', 'include: [compose.yaml]\n', /compose\.yaml includes or extends itself/],
  [
    'a circle of services',
    'services: { a: { extends: b }, b: { extends: a } }\n',
    /extends itself/,
  ],
])('a file that includes or extends %s is named, and the graph stays', (_what, text, said) => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  const found = built({ 'compose.yaml': text, 'api/a': 'a' });
  expect(found.context).toBe('api');
  expect(warn.mock.calls.flat().join()).toMatch(said);
});
