// Takes 80 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

const LOCK = 'docker/images.lock.json';
const image = `nx-stages-test/fresh-${randomBytes(4).toString('hex')}`;
const workspace = new NxWorkspace();
let engine: Engine;
/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;

beforeAll(async () => {
  engine = await locateEngine();
  staged = await StagedWorkspace.make();
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image } };
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    [LOCK]: '{"format":1,"images":{}}',
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
    'api/project.json': '{"name":"api"}',
    'api/Dockerfile':
      'FROM busybox:test AS deps\nRUN cat /proc/sys/kernel/random/uuid > /opt/id\nFROM deps\nCOPY main.py /srv/\n',
    'api/main.py': image,
  });
}, 300_000);

afterAll(async () => {
  for (const { tag } of await engine.listImages([`reference=${image}`]))
    await engine.removeImage(`${image}:${tag}`);
  await staged.remove();
  workspace.remove();
});

/** What the engine has under the name after `docker-build`. */
async function built(...args: string[]) {
  const { status, output } = await workspace.nx('run', 'api:docker-build', ...args);
  expect(status, output).toBe(0);
  return { output, id: (await engine.inspectImage(`${image}:dev`))?.id };
}

test('docker-build --fresh makes every RUN anew, and no cache takes it back', async () => {
  const old = workspace.read(LOCK);
  const { id: first } = await built();
  expect(await built()).toMatchObject({ id: first });

  const fresh = await built('--fresh');
  expect(fresh.output).toMatch(/api\/Dockerfile {2}RUN steps are made anew, as of 20\d\d-/);
  expect(fresh.id).not.toBe(first);
  const lock = workspace.read(LOCK);
  expect(JSON.parse(lock).fresh).toEqual({ 'api/Dockerfile': expect.stringMatching(/^20\d\d-/) });

  // The next one has it from the caches, with nothing on its disk but what is in git.
  workspace.delete('dist');
  expect(await built()).toMatchObject({ id: fresh.id });
  // A line of source does not go back behind it either.
  workspace.write({ 'api/main.py': 'edited' });
  expect(await workspace.tasks('run', 'api:docker-build')).toMatchObject({
    'api:docker-deps': 'hit',
  });
  workspace.write({ 'api/main.py': image });
  // Who checks out what was before has what was before.
  workspace.write({ [LOCK]: old });
  expect(await built()).toMatchObject({ id: first });
  workspace.write({ [LOCK]: lock });
  expect(await built()).toMatchObject({ id: fresh.id });
  // Twice on one day is twice.
  expect((await built('--fresh', '--tag=typed')).id).toBe(fresh.id);
  const typed = (await engine.inspectImage(`${image}:typed`))?.id;
  expect(typed).toBeDefined();
  expect([first, fresh.id]).not.toContain(typed);
}, 600_000);
