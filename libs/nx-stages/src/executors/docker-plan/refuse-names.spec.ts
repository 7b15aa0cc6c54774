import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';

const workspace = new NxWorkspace();

beforeAll(() =>
  workspace.start({
    'api/project.json': '{"name":"api"}',
    'api/Dockerfile': 'FROM scratch AS runner\nCOPY main.txt /\n',
    'api/main.txt': 'one\n',
    'a/project.json': '{"name":"Web_UI"}',
    'a/Dockerfile': 'FROM scratch AS runner\nCOPY main.txt /\n',
    'a/main.txt': 'one\n',
    'b/project.json': '{"name":"web_ui"}',
    'b/Dockerfile': 'FROM scratch AS runner\nCOPY main.txt /\n',
    'b/main.txt': 'two\n',
  }),
);
afterAll(() => workspace.remove());

test.each([
  ['api:docker-build', '--tag=feature/login', 'tags: "feature/login": it is no tag'],
  ['api:docker-build', '--tags=type=ref,event=brnch', '"brnch" is no event'],
  ['api:docker-push', '--repository=localhost:5000/Team/api', 'has capital letters'],
  ['web_ui:docker-build', '', 'would both call their image web_ui'],
])('%s %s is refused before anything is built', async (target, option, said) => {
  const { status, output } = await workspace.nx('run', target, ...(option ? [option] : []));
  expect(status).not.toBe(0);
  expect(output).toContain(`✗ ${target}: `.slice(0, -2));
  expect(output).toContain(said);
  // Its stage says so, and is not made.
  const folder = target.startsWith('api') ? 'api' : 'b';
  expect(workspace.has(`dist/${folder}/docker/runner`)).toBe(false);
});
