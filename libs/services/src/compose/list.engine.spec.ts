import { expect, onTestFinished, test } from 'vitest';
import { testWorkspace } from '../testing/workspace';
import { listProjects } from './list';

test('a project is listed with what it runs and keeps, and with its volumes when no more runs', async () => {
  const workspace = await testWorkspace(
    () => `services:
  a: { image: 'postgres:17-bookworm', command: [sleep, '600'], init: true, volumes: ['kept:/kept'] }
  b: { image: 'postgres:17-bookworm', command: ['true'] }
volumes: { kept: }
`,
  );
  onTestFinished(() => workspace.remove());
  const { engine, project, root } = workspace;
  const own = async () => (await listProjects(engine)).find(({ name }) => name === project);
  const { compose } = await workspace.open();
  await compose.up({ services: ['b'] });
  await compose.up({ services: ['a'], wait: true });
  const volumes = [`${project}_kept`];
  const folder = `${root}/docker`;
  expect(await own()).toMatchObject({ running: 1, containers: 2, volumes, folder });
  await compose.down({ timeoutSeconds: 0 });
  expect(await own()).toMatchObject({ running: 0, containers: 0, volumes, folder: undefined });
});
