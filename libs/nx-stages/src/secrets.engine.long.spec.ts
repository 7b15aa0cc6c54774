// Takes 60 s.
import { readFile } from 'node:fs/promises';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const workspace = new NxWorkspace();

/** A manager that counts how often it is asked. */
const command = 'echo x >> .nx/asked; echo of-the-manager-1';

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  const step = (name: string) =>
    `FROM busybox:test AS ${name}\nRUN --mount=type=secret,id=token,required wc -c < /run/secrets/token > /opt/${name}\n`;
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'nx.json': JSON.stringify({
      analytics: false,
      cacheDirectory: '.nx/cache',
      plugins: [
        {
          plugin: '@excel2doc/nx-stages',
          options: { secrets: [{ id: 'token', command, shell: true }] },
        },
      ],
    }),
    'api/Dockerfile': `${step('one')}${step('two')}FROM scratch AS all\nCOPY --from=one /opt/one /\nCOPY --from=two /opt/two /\n`,
  });
}, 300_000);

afterAll(async () => {
  await staged.remove();
  workspace.remove();
});

test('a command in nx.json is asked once a run, and no more where all are hits', async () => {
  expect(await workspace.tasks('run', 'api:docker-all')).toEqual({
    'api:docker-one': 'run',
    'api:docker-two': 'run',
    'api:docker-all': 'run',
  });
  expect(workspace.read('.nx/asked')).toBe('x\n');
  await workspace.tasks('run', 'api:docker-all');
  expect(workspace.read('.nx/asked')).toBe('x\n');
}, 300_000);

test('what is typed for a stage is refused, not dropped', async () => {
  const { status, output } = await workspace.nx('run', 'api:docker-one', '--secretVersion=2');
  expect(status).not.toBe(0);
  expect(output).toContain('✗ secretVersion of a stage cannot be given on the command line');
}, 300_000);

test('where the source lies is in no key, a version is in those of the stages that mount it', async () => {
  const nxJson = JSON.parse(workspace.read('nx.json'));
  const write = (options: object) => {
    nxJson.plugins[0].options = options;
    workspace.write({ 'nx.json': JSON.stringify(nxJson), token: 'of-a-file\n' });
  };
  const secrets = ['id=token,src=token'];
  write({ secrets });
  expect(await workspace.tasks('run', 'api:docker-one')).toEqual({ 'api:docker-one': 'hit' });
  // Who does not have it takes what was built with it.
  workspace.delete('token');
  workspace.delete('dist');
  expect(await workspace.tasks('run', 'api:docker-one')).toEqual({ 'api:docker-one': 'hit' });
  workspace.write({ token: 'of-a-file\n' });
  write({ secrets, secretVersion: { token: '2' } });
  expect(await workspace.tasks('run', 'api:docker-one')).toEqual({ 'api:docker-one': 'run' });
}, 300_000);
