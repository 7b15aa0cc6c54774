import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Engine, openImageStore } from '@excel2doc/engine';
import {
  BlobStore,
  type Descriptor,
  type Digest,
  layoutSource,
  MEDIA_TYPES,
  readLayout,
  writeLayoutFiles,
} from '@excel2doc/oci';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Bases } from '../bases/bases';
import { StagedWorkspace } from '../testing/staged';
import { loadStage } from './load';
import { Outputs } from './outputs';

/** Its base has a name of its own, which the engine may have. */
let workspace: StagedWorkspace;
let base: string;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  const { image, root } = workspace;
  base = `${image}-base:1`;
  const here = await readFile(join(root, 'images.local.json'), 'utf8');
  await workspace.write('images.local.json', here.replace('busybox:test', base));
  await workspace.write(
    'app/Dockerfile',
    `FROM ${base} AS runner\nCOPY main.sh /srv/\nCMD ["sh", "/srv/main.sh"]\n`,
  );
  await make('first');
}, 300_000);
afterAll(() => workspace.remove());
beforeEach(async ({ skip }) => {
  skip(workspace.engine.store !== 'containerd', 'the classic store keeps no blobs');
  await workspace.removeImages();
});

async function make(text: string): Promise<void> {
  await workspace.write('app/main.sh', `echo ${text}`);
  for (const step of [() => workspace.plan(), () => workspace.stage('runner')])
    expect(await step()).toMatchObject({ success: true });
}

async function load(): Promise<string> {
  const { success, text } = await workspace.load();
  expect(success, text).toBe(true);
  return text;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'other-blobs-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function named(dir: string, digest: Digest, name: string): Promise<void> {
  const { engine } = workspace;
  const tar = spawn('tar', ['--create', '--directory', dir, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await engine.loadImage(tar.stdout);
  // By its client as by its socket.
  for (const each of [engine, new Engine({ ...engine, env: engine.env, id: undefined })])
    expect(await each.unnamedIds()).toContain(digest);
  await engine.tag(digest, name);
  onTestFinished(async () => void (await engine.removeImage(name)));
}

/** The same image in the engine, its layers not compressed. */
async function uncompressed(dir: string, name: string): Promise<void> {
  const { platform } = workspace.engine;
  const [{ manifest }, to] = [await readLayout(dir, platform), await folder()];
  const from = layoutSource(dir);
  const store = new BlobStore(to, { durable: false });
  const put = async (bytes: Buffer, mediaType: string): Promise<Descriptor> => {
    const { digest, sizeBytes } = await store.putBytes(bytes);
    return { mediaType, digest, size: sizeBytes };
  };
  const layers: Descriptor[] = [];
  for (const { digest } of manifest.layers)
    layers.push(await put(gunzipSync(await readFile(from.pathOf(digest))), MEDIA_TYPES.layerTar));
  await put(await readFile(from.pathOf(manifest.config.digest)), MEDIA_TYPES.config);
  const made = await put(Buffer.from(JSON.stringify({ ...manifest, layers })), MEDIA_TYPES.manifest);
  await writeLayoutFiles(to, [made]);
  await named(to, made.digest, name);
} // prettier-ignore

/** What `docker save` writes of the loaded image, every blob of which has to be there. */
async function saved(): Promise<string> {
  const { engine, image } = workspace;
  const dir = join(await folder(), 'saved');
  await engine.saveLayout(`${image}:test`, dir);
  const { manifest } = await readLayout(dir, engine.platform);
  const { layers } = await workspace.record('runner');
  expect(manifest.layers.map(({ digest }) => digest)).toEqual(layers.map(({ digest }) => digest));
  for (const { digest, size } of manifest.layers)
    expect(await readFile(layoutSource(dir).pathOf(digest))).toHaveLength(size);
  return dir;
}

test('a base that the engine has in other blobs is sent', async () => {
  await uncompressed(workspace.baseFolder, base);
  expect(await load()).toMatch(/full load, [\d.]+ MiB sent/);
  await saved();
  expect(await workspace.output()).toBe('first\n');
});

test('what another tag has in other blobs is sent', async () => {
  await load();
  const dir = await saved();
  await workspace.removeImages();
  await uncompressed(dir, `${workspace.image}:old`);
  await make('second');
  expect(await load()).toMatch(/full load, [\d.]+ MiB sent/);
  await saved();
  expect(await workspace.output()).toBe('second\n');
});

test('a base that was pulled for several platforms, and is there under the digest of their index, is not sent', async () => {
  const { engine, baseFolder } = workspace;
  const dir = await folder();
  await cp(baseFolder, dir, { recursive: true });
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: (JSON.parse(await readFile(join(dir, 'index.json'), 'utf8')) as { manifests: object })
      .manifests,
  });
  const store = new BlobStore(dir, { durable: false });
  const { digest, sizeBytes: size } = await store.putBytes(Buffer.from(index));
  await writeLayoutFiles(dir, [{ mediaType: MEDIA_TYPES.index, digest, size }]);
  await named(dir, digest, base);
  expect((await engine.inspectImage(base))?.id).toBe(digest);
  expect(await load()).toMatch(/thin load, \d+ B sent/);
  await saved();
}); // prettier-ignore

test('whether an image is whole is asked once in a process of those that lead to one another', async () => {
  const { root, engine, image } = workspace;
  const store = await openImageStore();
  const asked = vi.spyOn(store, 'unnamedIds');
  const bases = await Bases.read(root, 'lock.json', 'app');
  const again = async (text: string) => {
    await make(text);
    const outputs = new Outputs(root, 'app', engine.platform, bases);
    const { how, digest } = await loadStage(store, outputs, 'runner', [`${image}:test`]);
    // The next one takes its name.
    onTestFinished(async () => void (await engine.removeImage(digest)));
    return how;
  };
  const { descriptor } = await readLayout(workspace.baseFolder, engine.platform);
  await engine.loadLayout({ dir: workspace.baseFolder, digest: descriptor.digest }, base);
  onTestFinished(async () => void (await engine.removeImage(base)));
  const ways = [await again('third'), await again('fourth'), await again('fifth')];
  expect(ways).toEqual(['thin', 'thin', 'thin']);
  expect(asked).toHaveBeenCalledOnce();
  await saved();
});
