// Takes 60 s.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

const workspace = new NxWorkspace();

beforeAll(
  () =>
    workspace.start({
      Dockerfile: 'FROM scratch AS runner\nCOPY . /srv/\n',
      'project.json': '{"name":"whole"}',
      'apps/other/project.json': '{"name":"other"}',
      'apps/other/Dockerfile': 'FROM scratch AS runner\nCOPY a.txt /\n',
      'apps/other/a.txt': 'a',
      // Left in the context by whoever wrote it.
      '.dockerignore': 'node_modules\n.git\n',
    }),
  60_000,
);
afterAll(() => workspace.remove());

const run = () => workspace.tasks('run-many', '-t', 'docker-runner');

test('an image of the whole workspace has one key however often images are made', async () => {
  await run();
  const first = workspace.planned('.', 'runner');
  expect(Object.keys(first)).toContain('apps/other/a.txt');
  workspace.write({ 'dist/compose/whole.images.yaml': 'services: {}' });
  for (let again = 2; again <= 10; again++) {
    expect(await run()).toMatchObject({
      'whole:docker-runner': 'hit',
      'other:docker-runner': 'hit',
    });
    expect(workspace.planned('.', 'runner')).toEqual(first);
  }
});

test("a user's own file in such a folder is said to be left out", async () => {
  workspace.write({ '.gitignore': 'node_modules\n.nx\n', 'dist/compose/mine.yaml': 'mine' });
  await workspace.commit();
  const { output } = await workspace.nx('run', 'whole:docker-plan');
  expect(output).toMatch(/Dockerfile: dist\/.* cannot be copied: .* Move it to another folder/);
});
