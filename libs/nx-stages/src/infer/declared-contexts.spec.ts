import type { ProjectConfiguration } from '@nx/devkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

const planOf = (project: ProjectConfiguration | undefined) => project?.targets?.['docker-plan'];
const saidOf = (project: ProjectConfiguration | undefined) =>
  planOf(project)?.metadata as unknown as Record<string, object> | undefined;
const sha = `sha256:${'a'.repeat(64)}`;

const base = {
  'base/project.json': '{"name":"base"}',
  'base/Dockerfile': 'FROM x AS small\nFROM small AS big\n',
};
const compose = (contexts: string, more = '') => ({
  'compose.yaml': `
services:
  low: { build: { context: base, target: small } }
  api: { build: { context: api, additional_contexts: ${contexts}${more} } }
`,
});
const bake = (contexts: string) => ({
  'docker-bake.hcl': `
target "low" {
  context = "base"
  target = "small"
}
target "api" {
  context = "api"
  contexts = ${contexts}
}
`,
});

test.each([
  ['a service of Compose', 'FROM below\n', compose('{ below: service:low }')],
  ['a service in a list', 'FROM x\nCOPY --from=below /a /a\n', compose('["below=service:low"]')],
  ['a target of Bake', 'FROM below\n', bake('{ below = "target:low" }')],
  ['a name with a tag', 'FROM team/below:1\n', bake('{ "team/below:1" = "target:low" }')],
  ["the name of a project's image", 'FROM below\n', bake('{ below = "docker-image://base-low" }')],
])('%s is waited for, by the stage that it wants', (_what, dockerfile, files) => {
  const projects = workspace.infer({ ...base, 'api/Dockerfile': dockerfile, ...files });
  const isNamed = JSON.stringify(files).includes('docker-image');
  const stage = isNamed ? undefined : 'small';
  if (stage) {
    expect(planOf(projects['api'])?.dependsOn).toEqual([
      { projects: ['base'], target: `docker-${stage}` },
    ]);
    expect(workspace.dependencies(projects)).toContainEqual(
      expect.objectContaining({ source: 'api', target: 'base' }),
    );
  } else expect(saidOf(projects['api'])?.['namedContexts']).toBeDefined();
  expect(saidOf(projects['api'])?.['unread']).toBeUndefined();
});

test('an image that another project builds is its, under any name', () => {
  const projects = workspace.infer({
    ...base,
    'api/Dockerfile': 'FROM below\n',
    'docker-bake.hcl':
      'target "api" {\n  context = "api"\n  contexts = { below = "docker-image://base:dev" }\n}\n',
  });
  expect(planOf(projects['api'])?.dependsOn).toEqual([
    { projects: ['base'], target: 'docker-big' },
  ]);
});

test('a folder is an input of the plan, an edge to its project, and waits for who makes it', () => {
  const projects = workspace.infer({
    ...base,
    'base/lib/a.txt': 'a',
    'web/project.json': JSON.stringify({
      name: 'web',
      targets: { bundle: { outputs: ['{workspaceRoot}/dist/web'] } },
    }),
    'api/Dockerfile': 'FROM scratch\nCOPY --from=pages / /\nCOPY --from=lib / /\n',
    ...compose('{ pages: ./dist/web, lib: ./base/lib }'),
  });
  const plan = planOf(projects['api']);
  expect(plan?.dependsOn).toEqual([{ projects: ['web'], target: 'bundle' }]);
  expect(plan?.inputs).toContain('{workspaceRoot}/base/lib/**/*');
  expect(saidOf(projects['api'])?.['namedContexts']).toEqual({
    pages: { kind: 'folder', path: 'dist/web' },
    lib: { kind: 'folder', path: 'base/lib' },
  });
  projects['web'] = {
    root: 'web',
    name: 'web',
    targets: { bundle: { outputs: ['{workspaceRoot}/dist/web'] } },
  };
  const edges = workspace.dependencies(projects).map(({ source, target }) => `${source} ${target}`);
  expect(edges.sort()).toEqual(['api base', 'api web']);
});

test('a layout is taken by its digest', () => {
  const { api } = workspace.infer({
    'api/Dockerfile': 'FROM below\n',
    ...bake(`{ below = "oci-layout://images/below:1@${sha}" }`),
  });
  expect(saidOf(api)?.['namedContexts']).toEqual({
    below: { kind: 'layout', path: 'images/below', digest: sha },
  });
});

test.each([
  ['a build that nobody makes', '{ below = "target:nobody" }', /has no build nobody/],
  ['a stage that is replaced', '{ runner = "target:low" }', /it replaces the stage runner/],
  ['a stage of the same Dockerfile', '{ below = "target:api" }', /built of the same Dockerfile/],
])('%s is refused by name', (_what, contexts, said) => {
  const { api } = workspace.infer({
    ...base,
    'api/Dockerfile': 'FROM below AS runner\n',
    ...bake(contexts),
  });
  expect(String(saidOf(api)?.['unread'])).toMatch(said);
});

test('a target of the same file that is the stage of that name says nothing new', () => {
  const { api } = workspace.infer({
    'api/Dockerfile': 'FROM x AS base\nFROM base AS app\n',
    'docker-bake.hcl': `
target "base" {
  context = "api"
  target = "base"
}
target "app" {
  context = "api"
  target = "app"
  contexts = { base = "target:base" }
}
`,
  });
  expect(saidOf(api)?.['unread']).toBeUndefined();
});
