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
    { source: 'api', target: 'base', type: 'implicit' },
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

const options = (value: object) => json({ name: 'base', targets: { 'docker-build': value } });
const targetDefaults = (value: object) => ({ targetDefaults: { 'docker-build': value } });

test.each([
  ['the tags of its target', 'base:stable', options({ options: { tags: ['stable'] } }), {}, {}],
  ["the plugin's tags", 'base:stable', '{"name":"base"}', { tags: ['type=raw,value=stable'] }, {}],
  [
    'a configuration of its target',
    'base:v9',
    options({ configurations: { production: { tag: 'v9' } } }),
    {},
    {},
  ],
  [
    'what nx.json sets for all images',
    'team/base:nightly',
    '{"name":"base"}',
    {},
    targetDefaults({ options: { image: 'team/{projectName}', tags: ['nightly'] } }),
  ],
])('an image has a name by %s', (_how, reference, project, plugin, nxJson) => {
  const files = {
    'base/project.json': project,
    'base/Dockerfile': 'FROM x AS runner\n',
    'api/Dockerfile': `FROM ${reference}\n`,
  };
  const { api } = workspace.infer(files, plugin, nxJson);
  expect(api?.targets?.['docker-plan']?.dependsOn).toEqual([
    { projects: ['base'], target: 'docker-runner' },
  ]);
});

test("a tag that an image has is its own before it is another's of which it is only assumed", () => {
  const project = (name: string, tag: string) =>
    json({ name, targets: { 'docker-build': { options: { image: 'team/base', tag } } } });
  const { api, warnings } = warned({
    'alpine/project.json': project('alpine', 'alpine'),
    'alpine/Dockerfile': 'FROM x AS runner\n',
    'debian/project.json': project('debian', 'latest'),
    'debian/Dockerfile': 'FROM x AS runner\n',
    'api/Dockerfile': 'FROM team/base\n',
  });
  expect(api?.targets?.['docker-plan']?.dependsOn).toEqual([
    { projects: ['debian'], target: 'docker-runner' },
  ]);
  expect(warnings).toEqual([]);
});

test('two images of one name are said in one line, and the first is meant by it', () => {
  const { api, warnings } = warned({
    'one/project.json': json({ name: 'A' }),
    'one/Dockerfile': 'FROM x AS runner\n',
    'two/project.json': json({ name: 'a' }),
    'two/Dockerfile': 'FROM x AS runner\n',
    'api/Dockerfile': 'FROM a:dev\n',
  });
  expect(api?.targets?.['docker-plan']?.dependsOn).toEqual([
    { projects: ['A'], target: 'docker-runner' },
  ]);
  expect(warnings).toEqual([
    "@excel2doc/nx-stages: one/Dockerfile, two/Dockerfile: images share the name a:dev: a FROM means the first's, and whoever asks for it by name gets the one that was built or pushed last. Give one another `image`, `repository` or `tag` in the options of its docker-build or docker-push",
  ]);
});

test('what two services call one image is said where somebody stands on it', () => {
  const compose = 'services: {s: {image: "team/s:1", build: .}}';
  const files = {
    'one/Dockerfile': 'FROM x\n',
    'one/compose.yaml': compose,
    'two/Dockerfile': 'FROM y\n',
    'two/compose.yaml': compose,
  };
  expect(warned(files).warnings).toEqual([]);
  const { warnings } = warned({ ...files, 'api/Dockerfile': 'FROM team/s:1\n' });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('one/Dockerfile, two/Dockerfile: images share the name team/s:1');
});

test('one Dockerfile that two services build and call the same is no matter', () => {
  const service = 'image: "team/s:1", build: one';
  const { warnings } = warned({
    'one/Dockerfile': 'FROM x\n',
    'compose.yaml': `services: {web: {${service}}, worker: {${service}}}`,
    'api/Dockerfile': 'FROM team/s:1\n',
  });
  expect(warnings).toEqual([]);
});

function warned(files: Record<string, string>) {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  warn.mockClear();
  const projects = workspace.infer(files);
  return { api: projects['api'], warnings: warn.mock.calls.flat() };
}
