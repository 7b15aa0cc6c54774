// Takes 40 s.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, type Engine, locateEngine } from '@excel2doc/engine';
import { realCache } from '@excel2doc/oci/testing/remote-cache';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

const image = `nx-stages-test/layers-${randomBytes(4).toString('hex')}`;
const env: Record<string, string> = {};
const workspace = new NxWorkspace(env);
let engine: Engine;
/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;

beforeAll(async () => {
  engine = await locateEngine();
  staged = await StagedWorkspace.make();
  const options = { imageName: image, layering: 'package', blobStore: { kind: 'remote-cache' } };
  const plugin = { plugin: '@excel2doc/nx-stages', options };
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
    'api/project.json': '{"name":"api"}',
    // Made once more it would be another one.
    'api/Dockerfile':
      'FROM busybox:test AS deps\nRUN cat /proc/sys/kernel/random/uuid > /opt/id\nFROM deps\nCOPY main.py /srv/\n',
    'api/main.py': image,
  });
}, 300_000);

afterAll(async () => {
  await removeImages();
  await staged.remove();
  workspace.remove();
});

async function removeImages(): Promise<void> {
  for (const { tag } of await engine.listImages([`reference=${image}`]))
    await engine.removeImage(`${image}:${tag}`);
}

/** Nothing that was built is there: no output, no cache of Nx, no layer, no image. */
async function anotherMachine(): Promise<void> {
  await removeImages();
  for (const folder of ['dist', '.nx']) workspace.delete(folder);
  const cache = await mkdtemp(join(tmpdir(), 'nx-stages-machine-'));
  onTestFinished(() => rm(cache, { recursive: true, force: true }));
  env['XDG_CACHE_HOME'] = cache;
  const own = join(cache, 'excel2doc');
  await mkdir(own);
  for (const name of ['engine', 'tools', 'bases'])
    await symlink(join(cacheFolder(), name), join(own, name));
}

async function built(): Promise<{ output: string; id: string | undefined }> {
  const { status, output } = await workspace.nx('run', 'api:docker-build');
  expect(status, output).toBe(0);
  return { output, id: (await engine.inspectImage(`${image}:dev`))?.id };
}

const blobs = () =>
  workspace.list('dist/api/docker', true).filter((path) => /[0-9a-f]{64}$/.test(path));

test('another machine gets what Nx restores and its layers from the same remote cache', async () => {
  const { url, tokens } = await realCache();
  env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER'] = url;
  env['NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN'] = tokens.main;
  await anotherMachine();
  const first = await built();
  expect(first.id).toBeDefined();
  // A manifest and a config for each of the two stages, and no layer.
  expect(blobs()).toHaveLength(4);

  await anotherMachine();
  const second = await built();
  expect(second.output).toMatch(/nx run api:docker-deps +\[remote cache\]/);
  expect(second.output).not.toMatch(/^! /m);
  expect(second.id).toBe(first.id);

  // Without the cache, what Nx still has of it is made whole again.
  await removeImages();
  await rm(join(env['XDG_CACHE_HOME']!, 'excel2doc/blobs'), { recursive: true });
  delete env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER'];
  const third = await built();
  expect(third.output).toMatch(/! stage deps: .*built again/);
  expect(third.id).toBeDefined();
}, 900_000);
