// Takes 40 s.
import { randomBytes } from 'node:crypto';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const workspace = new NxWorkspace();
const image = `nx-stages-test/labels-${randomBytes(4).toString('hex')}`;
let engine: Engine;

beforeAll(async () => {
  engine = await locateEngine();
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image } };
  await workspace.start({
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
  });
}, 120_000);
afterAll(async () => {
  for (const { tag } of await engine.listImages([`reference=${image}`]))
    await engine.removeImage(`${image}:${tag}`);
  workspace.remove();
});

async function build(): Promise<{ output: string; isHit: boolean }> {
  const { status, output } = await workspace.nx('run', 'api:docker-build');
  expect(status, output).toBe(0);
  return {
    output,
    isHit: /nx run api:docker-build +\[(local cache|existing outputs)/.test(output),
  };
}

test('labels of a commit come with the image, and build nothing; what is not of one has none', async () => {
  const labels = ['oci', 'org.opencontainers.image.vendor=Acme'];
  const targets = { 'docker-build': { options: { labels, annotations: ['oci'] } } };
  await workspace.git('remote', 'add', 'origin', 'https://token:s3cret@git.example.com/t/s.git');
  await workspace.commit(() =>
    workspace.write({
      'apps/api/project.json': JSON.stringify({ name: 'api', targets }),
      'apps/api/Dockerfile':
        'FROM scratch\nLABEL own=1 org.opencontainers.image.vendor=other\nCOPY main.py /\n',
      'apps/api/main.py': image,
    }),
  );
  const revision = async () => (await workspace.git('rev-parse', 'HEAD')).trim();
  const said = async () => {
    const format = ['image', 'inspect', `${image}:dev`, '--format', '{{json .Config.Labels}}'];
    const found = JSON.parse((await engine.command(format)).stdout) as Record<string, string>;
    return Object.fromEntries(
      Object.entries(found).map(([name, value]) => [
        name.replace('org.opencontainers.image.', ''),
        value,
      ]),
    );
  };
  await build();
  const first = await said();
  expect(first).toEqual({
    own: '1',
    vendor: 'Acme',
    source: 'https://git.example.com/t/s',
    revision: await revision(),
    created: expect.stringMatching(/^20.*Z$/),
  });
  expect(await build()).toMatchObject({ isHit: true });

  await workspace.commit(() => workspace.write({ 'README.md': 'nothing of the image' }));
  const other = await workspace.tasks('run', 'api:docker-build');
  expect(other).toEqual({ 'api:docker-stage-0': 'hit', 'api:docker-build': 'run' });
  expect((await said())['revision']).toBe(await revision());
  expect(await build()).toMatchObject({ isHit: true });

  // Back, and on another commit of the same time: as they were, to the byte.
  const id = (await engine.inspectImage(`${image}:dev`))?.id;
  await workspace.git('checkout', '-q', 'HEAD~1');
  await build();
  expect(await said()).toEqual(first);
  await workspace.git('checkout', '-q', '-');
  await build();
  expect((await engine.inspectImage(`${image}:dev`))?.id).toBe(id);

  workspace.append('apps/api/main.py');
  const dirty = await build();
  expect(dirty.output).toContain('org.opencontainers.image.revision is left out');
  expect(await said()).toEqual({ own: '1', vendor: 'Acme', source: 'https://git.example.com/t/s' });
}, 300_000);
