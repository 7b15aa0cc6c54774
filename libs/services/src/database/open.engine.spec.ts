import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectContainers } from '../compose/container';
import { startDependencies } from '../compose/project';
import { type TestWorkspace, testWorkspace } from '../testing/workspace';
import { openDatabase } from './open';

let workspace: TestWorkspace;

const script = (text: string) => writeFile(join(workspace.root, 'docker/roles.sh'), `${text}\n`);
const id = async () => (await projectContainers(workspace.engine, workspace.project))[0]?.id;

beforeAll(async () => {
  workspace = await testWorkspace(
    () => `services:
  db:
    image: postgres:17-bookworm
    command: [sleep, '600']
    init: true
    stop_grace_period: 0s
    volumes: ['./roles.sh:/roles.sh:ro']
  app: { image: 'postgres:17-bookworm', depends_on: [db] }
`,
  );
  await script('first');
});

afterAll(() => workspace.remove());

test('whoever looks into a database that runs does not replace it, and whoever changes it may', async () => {
  const options = { ...workspace.options, database: 'db', service: 'app' };
  await openDatabase(options, workspace);
  const before = await id();
  await script('second');
  const { compose, config } = await openDatabase(options, workspace);
  await startDependencies(compose, config, 'app', { noRecreate: true });
  expect(await id()).toBe(before);
  await openDatabase(options, workspace, false);
  expect(await id()).not.toBe(before);
});
