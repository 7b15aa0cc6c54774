// Takes 40 s.
import { randomBytes } from 'node:crypto';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineDoor } from '../testing/engine-door';
import { NxWorkspace } from '../testing/nx-workspace';

const image = `nx-stages-test/gone-${randomBytes(4).toString('hex')}`;
const door = new EngineDoor();
let workspace: NxWorkspace;
let engine: Engine;

beforeAll(async () => {
  engine = await locateEngine();
  workspace = new NxWorkspace((await door.open()) as Record<string, string>);
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image } };
  await workspace.start({
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
    'apps/api/project.json': '{"name":"api"}',
    'apps/api/Dockerfile': 'FROM scratch\nCOPY main.py /\n',
    // No other run's: an image that the engine has under another name is not sent.
    'apps/api/main.py': image,
  });
}, 300_000);
afterAll(async () => {
  await removeImages();
  door.remove();
  workspace.remove();
});

async function removeImages(): Promise<void> {
  for (const { tag } of await engine.listImages([`reference=${image}`]))
    await engine.removeImage(`${image}:${tag}`);
}
const build = () => workspace.nx('run', 'api:docker-build');

test('an engine that stops between the hasher’s question and the load is named, and nothing is kept of it', async () => {
  const first = await build();
  expect(first.status, first.output).toBe(0);
  await removeImages();
  door.goAfter(/^GET \S*\/images\//m);
  const { status, output } = await build();
  expect(output).toMatch(/^ *✗ .*engine/im);
  expect(output).not.toMatch(/\((full|thin) load|is in the engine/);
  expect(status).not.toBe(0);
  await door.open();
  const again = await build();
  expect(again.output).toMatch(/\(full load/);
  expect(await engine.inspectImage(`${image}:dev`)).not.toBeNull();
}, 300_000);
