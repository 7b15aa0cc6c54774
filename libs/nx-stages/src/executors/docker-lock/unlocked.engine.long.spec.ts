// Takes 21 s.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ociLayoutContext } from '@excel2doc/engine';
import { readLayout } from '@excel2doc/oci';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import dockerLock from './executor';
import type { KeyedPlan } from '@excel2doc/stages';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { executorContext } from '../../testing/context';

let workspace: StagedWorkspace;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
});
afterEach(() => workspace.removeImages());
afterAll(() => workspace.remove());

/** An image with a trigger, in the engine, on which `app` is then built. */
async function baseWithTrigger(name: string): Promise<void> {
  const { engine, baseFolder } = workspace;
  const { descriptor } = await readLayout(baseFolder, engine.platform);
  const dockerfile = join(workspace.root, 'base.Dockerfile');
  await writeFile(dockerfile, 'FROM below\nONBUILD COPY main.sh /srv/inherited.sh\n');
  const below = ociLayoutContext({ dir: baseFolder, tag: 'base', digest: descriptor.digest });
  await engine.build({
    dockerfile,
    contextDir: workspace.root,
    namedContexts: { below },
    output: { kind: 'load', tags: [name] },
    showProgress: false,
  });
  const own = `FROM ${name} AS runner\nCMD ["sh", "/srv/inherited.sh"]\n`;
  await workspace.write('app/Dockerfile', own);
}

async function succeed(step: Promise<{ success: boolean; text: string }>): Promise<string> {
  const { success, text } = await step;
  expect(success, text).toBe(true);
  return text;
}

async function planned(): Promise<KeyedPlan['platforms'][number]> {
  const file = join(workspace.root, 'dist/app/docker/plan/runner.json');
  return (JSON.parse(await readFile(file, 'utf8')) as KeyedPlan).platforms[0]!;
}

async function output(): Promise<string> {
  await succeed(workspace.stage('runner'));
  await succeed(workspace.load());
  return workspace.output();
}

test('an image that only the engine has is built on, triggers and all, and not cached', async () => {
  const name = `${workspace.image}:local-base`;
  await baseWithTrigger(name);
  const said = await succeed(workspace.plan());
  expect(said).toMatch(new RegExp(`${name} .* from the engine`));
  expect(said).toContain('is not cached');
  expect((await planned()).files).toMatchObject([{ path: 'main.sh' }]);
  expect(await output()).toBe('one\n');

  await workspace.write('app/main.sh', 'echo two');
  await succeed(workspace.plan());
  expect(await output()).toBe('two\n');
  await workspace.write('app/main.sh', 'echo one');
});

test('one in a registry, too; once it is locked with what it hands down, it is cached', async () => {
  const { engine, root, options } = workspace;
  const context = executorContext(root);
  const name = `${await realRegistry()}/team/base:1`;
  await baseWithTrigger(name);
  await engine.command(['push', '--quiet', name]);
  await engine.removeImage(name);

  const said = await succeed(workspace.plan());
  expect(said).toMatch(new RegExp(`${name} .* from the registry`));
  expect(said).toContain('is not cached');
  const { base, files } = await planned();
  expect(files).toMatchObject([{ path: 'main.sh' }]);
  expect(await output()).toBe('one\n');

  expect(await dockerLock(options, context)).toEqual({ success: true });
  const { images } = JSON.parse(await readFile(join(root, 'lock.json'), 'utf8'));
  expect(images[name]).toMatchObject({
    env: { PATH: '/bin' },
    onbuild: ['COPY main.sh /srv/inherited.sh'],
  });
  expect(await succeed(workspace.plan())).not.toContain('not cached');
  expect(await planned()).toMatchObject({ base, files, uncacheable: [] });

  // Locked by hand, as a digest alone.
  const byHand = { format: 1, images: { [name]: { digest: images[name].digest } } };
  await workspace.write('lock.json', JSON.stringify(byHand));
  expect(await succeed(workspace.plan())).toMatch(/whole context: whether .* has ONBUILD/);
  expect((await planned()).files.map(({ path }) => path)).toContain('main.sh');
  await dockerLock(options, context);
  expect(JSON.parse(await readFile(join(root, 'lock.json'), 'utf8'))).toEqual({
    format: 1,
    images: { [name]: images[name] },
  });
});

test('one that only the engine has is locked by its digest, and then cached', async () => {
  const { root, options, engine } = workspace;
  const name = `${workspace.image}:kept`;
  await baseWithTrigger(name);
  await workspace.write('lock.json', '{"format":1,"images":{}}');
  expect(await dockerLock(options, executorContext(root))).toEqual({ success: true });
  const { images } = JSON.parse(await readFile(join(root, 'lock.json'), 'utf8'));
  expect(images[name]).toMatchObject({
    from: 'engine',
    onbuild: ['COPY main.sh /srv/inherited.sh'],
  });
  expect(await succeed(workspace.plan())).not.toContain('not cached');
  expect(await planned()).toMatchObject({ base: { digest: images[name].digest }, uncacheable: [] });
  expect(await output()).toBe('one\n');
  // Another image has the name now: the locked one is not taken from it.
  await engine.removeImage(name);
  await workspace.removeImages();
  await workspace.plan();
  await rm(join(root, 'dist/app/docker/runner'), { recursive: true });
  const { success, text } = await workspace.stage('runner');
  expect(success).toBe(false);
  expect(text).toContain('which only an engine had, and this one does not have it');
  await workspace.write('lock.json', '{"format":1,"images":{}}');
});

test('one that is nowhere is named when it is built', async () => {
  await workspace.write('app/Dockerfile', 'FROM localhost:1/nowhere:1 AS runner\nCMD x\n');
  await succeed(workspace.plan());
  const { success, text } = await workspace.stage('runner');
  expect(success).toBe(false);
  expect(text).toContain('localhost:1/nowhere:1 is not locked');
});
