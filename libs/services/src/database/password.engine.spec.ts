import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { POSTGRES_SERVICE, type TestWorkspace, testWorkspace } from '../testing/workspace';
import { checkPassword } from './password';
import { Server } from './server';

let workspace: TestWorkspace;
const compose = (password: string) =>
  `services:${POSTGRES_SERVICE.replace('secret', password)}\nvolumes: { data: }\n`;

beforeAll(async () => {
  workspace = await testWorkspace(() => compose('secret'));
  await (await workspace.open()).compose.up({ wait: true });
});

afterAll(() => workspace.remove());

test('our own password is taken', async () => {
  await checkPassword(await workspace.open(), 'db');
});

test('a volume that was made with another one is named, and the way out with its data works', async () => {
  await writeFile(join(workspace.root, 'docker/compose.yaml'), compose('fresh'));
  const opened = await workspace.open();
  await opened.compose.up({ wait: true });
  const { project } = workspace;
  await expect(checkPassword(opened, 'db')).rejects.toMatchObject({
    code: 'PASSWORD_REFUSED',
    message: expect.stringContaining(`the volume ${project}_data was made with another one`),
    hint: expect.stringMatching(/take back .*; or .*ALTER ROLE.*; or .*COMPOSE_PROJECT_NAME/),
  });
  await new Server(opened.compose, 'db').query(`ALTER ROLE "shop" PASSWORD 'fresh'`);
  await checkPassword(opened, 'db');
});
