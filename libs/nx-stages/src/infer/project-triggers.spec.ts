import { afterEach, beforeEach, expect, test } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

const FILES = {
  '.gitignore': 'dist\n',
  'base/Dockerfile':
    'FROM x AS tools\nONBUILD COPY nobody /\nFROM tools AS out\nONBUILD COPY dist more/ /app/\nONBUILD COPY --from=tool /tool /tool\n',
  'tool/project.json': '{"name":"tool"}',
  'tool/Dockerfile': 'FROM scratch AS out\nCOPY tool /\n',
  'api/project.json': JSON.stringify({
    name: 'api',
    targets: { build: { outputs: ['{projectRoot}/dist'] } },
  }),
  'api/Dockerfile': 'FROM base:dev\nCOPY own /\n',
};

const built = { target: 'docker-out' };

test("what the triggers of a project's image copy is copied by the image on it: edges, inputs, builds before", () => {
  const projects = workspace.infer(FILES);
  const plan = projects['api']?.targets?.['docker-plan'];
  expect(plan?.dependsOn).toEqual([
    'build',
    { projects: ['base'], ...built },
    { projects: ['tool'], ...built },
  ]);
  expect(plan?.inputs).toEqual(expect.arrayContaining(['{workspaceRoot}/api/more/**/*']));
  // A trigger runs once: for the stage on that which has it.
  expect(JSON.stringify(plan?.inputs)).not.toContain('nobody');
  expect(workspace.dependencies(projects).map(({ source, target }) => [source, target])).toEqual([
    ['api', 'base'],
    ['api', 'tool'],
  ]);
});

test('a base that a named context stands for has its triggers too, and a copied image runs none', () => {
  const { api, other } = workspace.infer({
    ...FILES,
    'api/Dockerfile': 'FROM under\n',
    'other/Dockerfile': 'FROM scratch\nCOPY --from=base:dev /a /a\n',
    'compose.yaml':
      'services: { base: { build: base }, api: { build: { context: api, additional_contexts: { under: "service:base" } } } }\n',
  });
  expect(api?.targets?.['docker-plan']?.dependsOn).toEqual([
    'build',
    { projects: ['base'], ...built },
    { projects: ['tool'], ...built },
  ]);
  expect(other?.targets?.['docker-plan']?.dependsOn).toEqual([{ projects: ['base'], ...built }]);
});

test('a trigger that cannot be read takes no target away', () => {
  const { api } = workspace.infer({
    ...FILES,
    'base/Dockerfile': 'FROM x AS out\nONBUILD COPY --nothing a b\n',
  });
  expect(api?.targets?.['docker-plan']?.dependsOn).toEqual([{ projects: ['base'], ...built }]);
});
