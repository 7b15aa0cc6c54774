import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => {
  vi.restoreAllMocks();
  workspace.remove();
});

const json = (value: object) => JSON.stringify(value);

test.each([
  ['its inferred name', 'FROM base:dev', {}],
  ['its name without a tag', 'FROM base', {}],
  ['its name as a registry writes it', 'FROM docker.io/library/base:latest', {}],
  ['the tag of its target', 'FROM base:v7', { options: { tag: 'v7' } }],
  ['the image of its target', 'FROM team/python:dev', { options: { image: 'team/python' } }],
  ['COPY --from', 'FROM x\nCOPY --from=base /a /a', {}],
  ['a bind mount', 'FROM x\nRUN --mount=type=bind,from=base:dev,target=/b y', {}],
  ['an argument', 'ARG ON=base:dev\nFROM $ON', {}],
])("an image that names another project's by %s waits for it", (_how, text, target) => {
  const projects = workspace.infer({
    'libs/base/project.json': json({ name: 'base', targets: { 'docker-build': target } }),
    'libs/base/Dockerfile': 'FROM x AS deps\nFROM deps AS runner\n',
    'apps/api/project.json': '{"name":"api"}',
    'apps/api/Dockerfile': `${text}\n`,
  });
  const plan = projects['apps/api']?.targets?.['docker-plan'];
  expect(plan?.dependsOn).toEqual([{ projects: ['base'], target: 'docker-runner' }]);
  expect(Object.values((plan?.metadata as { projectImages: object }).projectImages)).toEqual([
    { project: 'base', home: 'libs/base', stage: 'runner', target: 'docker-runner' },
  ]);
  expect(workspace.dependencies(projects)).toEqual([
    { source: 'api', target: 'base', sourceFile: 'apps/api/Dockerfile', type: 'static' },
  ]);
});

test('what Compose calls an image is a name of it, for the stage that the service wants', () => {
  const { api } = workspace.infer({
    'base/project.json': '{"name":"base"}',
    'base/Dockerfile': 'FROM x AS small\nFROM small AS big\n',
    'compose.yaml': `
services:
  small: { image: "team/small:\${TAG:-1}", build: { context: base, target: small } }
  big: { image: team/big, build: { context: base } }
`,
    'api/Dockerfile': 'FROM team/small:1\nCOPY --from=team/big /a /a\n',
  });
  expect(api?.targets?.['docker-plan']?.dependsOn).toEqual([
    { projects: ['base'], target: 'docker-big' },
    { projects: ['base'], target: 'docker-small' },
  ]);
});

test('another Dockerfile of the same project is waited for by its target', () => {
  const { api } = workspace.infer({
    'api/project.json': '{"name":"api"}',
    'api/Dockerfile': 'FROM x AS runner\n',
    'api/Dockerfile.worker': 'FROM api:dev AS runner\n',
  });
  expect(api?.targets?.['docker-plan-worker']?.dependsOn).toEqual(['docker-runner']);
});

test("a tag that no project gives is a registry's", () => {
  const { api } = workspace.infer({
    'python/Dockerfile': 'FROM x\n',
    'api/Dockerfile': 'FROM python:3.12\n',
  });
  expect(api?.targets?.['docker-plan']).not.toHaveProperty('dependsOn');
});

test('images that are built on each other make no circle, and that is said', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const projects = workspace.infer({
    'a/Dockerfile': 'FROM b:dev\n',
    'b/Dockerfile': 'FROM c:dev\n',
    'c/Dockerfile': 'FROM a:dev\nCOPY --from=c:dev /x /x\n',
  });
  const waits = Object.values(projects).map(
    ({ targets }) => targets?.['docker-plan']?.dependsOn?.length ?? 0,
  );
  expect(waits).toEqual([1, 1, 0]);
  expect(warn.mock.calls.flat().join()).toContain('c/Dockerfile: a:dev is built on it');
});
