import { randomBytes } from 'node:crypto';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const workspace = new NxWorkspace();
const image = `nx-stages-test/load-${randomBytes(4).toString('hex')}`;
let engine: Engine;

beforeAll(async () => {
  engine = await locateEngine();
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image } };
  await workspace.start({
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
    'apps/api/project.json': '{"name":"api"}',
    'apps/api/Dockerfile': 'FROM scratch\nCOPY main.py /\n',
    // No other run's: an image that the engine has under another name is not sent.
    'apps/api/main.py': image,
  });
}, 120_000);
afterAll(async () => {
  for (const tag of await tags()) await engine.removeImage(`${image}:${tag}`);
  workspace.remove();
});

const tags = async () => (await engine.listImages([`reference=${image}`])).map(({ tag }) => tag);
const commit = async () => (await workspace.git('rev-parse', '--short=12', 'HEAD')).trim();
async function build(...args: string[]): Promise<{ output: string; isHit: boolean }> {
  const { status, output } = await workspace.nx('run', 'api:docker-build', ...args);
  expect(status, output).toBe(0);
  const isHit = /nx run api:docker-build +\[(local cache|existing outputs)/.test(output);
  return { output, isHit };
}

test('an image that the engine has is a hit; one that it lacks is loaded, and said so', async () => {
  const first = await build('--batch');
  expect(first.output).toMatch(/:dev sha256:\w+ \(full load/);
  // After a batch also the first repeat: what is kept says no more than that the engine has it.
  const repeat = await build();
  expect(repeat).toMatchObject({ isHit: true });
  expect(repeat.output).toContain(`${image}:dev is in the engine`);
  expect(repeat.output).not.toMatch(/ load,|Running \d/);
  const [run = ''] = workspace.list('.nx/workspace-data/docker-runs').sort();
  const record = JSON.parse(workspace.read(`.nx/workspace-data/docker-runs/${run}`));
  expect(record.tasks.at(-1)).toMatchObject({ id: 'api:docker-build', transfer: { to: 'engine' } });
  expect(record.tasks.at(-1).transfer.bytes).toBeGreaterThan(0);

  for (const tag of await tags()) await engine.removeImage(`${image}:${tag}`);
  const again = await build();
  expect(again).toMatchObject({ isHit: false });
  expect(again.output).toMatch(/\(full load/);
  expect(await build()).toMatchObject({ isHit: true });

  workspace.write({ 'apps/api/main.py': 'two' });
  const edited = await build();
  expect(edited).toMatchObject({ isHit: false });
  expect(edited.output).toMatch(/\((thin|full) load/);
  expect(await build()).toMatchObject({ isHit: true });
}, 300_000);

test('a name that stands for another image, or is gone, is set again', async () => {
  workspace.write({ 'apps/api/main.py': 'three' });
  await build();
  const id = (await engine.inspectImage(`${image}:dev`))?.id;
  const other = (await tags()).find((tag) => tag !== 'dev');
  await engine.command(['image', 'rm', `${image}:dev`]);
  expect((await build()).output).toContain('was there already');
  expect((await engine.inspectImage(`${image}:dev`))?.id).toBe(id);
  expect(other).toBeDefined();
}, 300_000);

test('a commit names the image, without an edit of it, once it is made', async () => {
  await workspace.commit();
  await build();
  expect(await tags()).toContain(await commit());
  expect(await build()).toMatchObject({ isHit: true });
  workspace.write({ 'apps/api/main.py': 'dirty' });
  await build();
  const named = (await engine.inspectImage(`${image}:${await commit()}`))?.id;
  expect((await engine.inspectImage(`${image}:dev`))?.id).not.toBe(named);
}, 300_000);

test('tags of branch, commit and version follow git without a build; with all of them it is a hit', async () => {
  const entries = [
    'type=ref,event=branch',
    'type=sha',
    'type=semver,pattern={{version}}',
    'latest',
  ];
  const targets = { 'docker-build': { options: { tags: entries } } };
  await workspace.commit(() =>
    workspace.write({ 'apps/api/project.json': JSON.stringify({ name: 'api', targets }) }),
  );
  await workspace.git('tag', '-a', 'v1.2.3', '-m', 'one');
  // The branch of CI, where the tests run, is not the workspace's.
  const first = await build();
  const short = (await commit()).slice(0, 7);
  expect(first.output).toContain(
    `also as main, latest, sha-${short}`.replace('main', '1.2.3, main'),
  );
  expect(await tags()).toEqual(
    expect.arrayContaining(['dev', 'main', 'latest', `sha-${short}`, '1.2.3']),
  );
  await build();
  expect(await build()).toMatchObject({ isHit: true });

  await engine.removeImage(`${image}:latest`);
  const again = await build();
  expect(again.output).toContain('was there already');
  expect(again.output).toContain('nx run api:docker-runner'.slice(0, 15));
  expect(await tags()).toContain('latest');

  await workspace.git('checkout', '-q', '-b', 'feature/login');
  await workspace.git('tag', '-d', 'v1.2.3');
  const other = await build();
  expect(other).toMatchObject({ isHit: false });
  expect(other.output).toContain('was there already');
  expect(other.output).toContain('is left out: no tag of git is at the commit');
  expect(await tags()).toContain('feature-login');
}, 300_000);

test('one source line is one process of a batch, and the image that is loaded is of that line', async () => {
  await build();
  workspace.write({ 'apps/api/main.py': `line ${randomBytes(4).toString('hex')}` });
  const { output } = await build('--batch');
  expect(output.match(/Running \d+ tasks? with/g)).toEqual(['Running 2 tasks with']);
  const digest = /:dev (sha256:\w+) \(full load/.exec(output)?.[1];
  expect(digest).toBeDefined();
  expect((await engine.inspectImage(`${image}:dev`))?.id).toBe(digest);
  expect(await build()).toMatchObject({ isHit: true });
}, 300_000);
