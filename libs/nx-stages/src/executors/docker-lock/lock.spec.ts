import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { pushImage, pushIndex } from '@excel2doc/oci';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { madeImage, repositoryAt } from '@excel2doc/oci/testing/repository';
import dockerLock from './executor';
import { baseReferences, lockText } from '@excel2doc/stages';

afterEach(() => vi.unstubAllEnvs());
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

test.each([
  ['a base and what is copied from an image', 'FROM a:1\nCOPY --from=b:2 / /', ['a:1', 'b:2']],
  ['no stage', 'FROM a:1 AS x\nFROM x', ['a:1']],
  ['variables substituted', 'ARG V=3\nFROM a:$V', ['a:3']],
  ["each platform's", 'ARG TARGETARCH\nFROM a:$TARGETARCH', ['a:amd64', 'a:arm64']],
  ['none by digest, none from scratch', `FROM a@${digest('1')}\nFROM scratch`, []],
])('the references of a Dockerfile: %s', (_, source, expected) => {
  const platforms = ['linux/amd64', 'linux/arm64'];
  expect(baseReferences(source, { file: 'Dockerfile', platforms })).toEqual(expected);
});

test('a lock is the same bytes whatever the order of its images', () => {
  const one = {
    digest: digest('1'),
    platforms: { 'linux/b': digest('2'), 'linux/a': digest('3') },
  };
  const other = { digest: null };
  expect(lockText({ images: { b: other, a: one } })).toBe(
    lockText({ images: { a: one, b: other } }),
  );
  expect(Object.keys(JSON.parse(lockText({ images: { b: other, a: one } })).images)).toEqual([
    'a',
    'b',
  ]);
});

async function workspace(dockerfile: string, images: object) {
  const root = await mkdtemp(join(tmpdir(), 'docker-lock-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(join(root, 'Dockerfile'), dockerfile);
  await writeFile(join(root, 'lock.json'), JSON.stringify({ format: 1, images }));
  const context = {
    root,
    projectsConfigurations: { version: 2, projects: {} },
  } as unknown as ExecutorContext;
  const options = { dockerfile: 'Dockerfile', context: '.', lockFile: 'lock.json' };
  return {
    lock: (rest: object = {}) => dockerLock({ ...options, ...rest }, context),
    read: () => readFile(join(root, 'lock.json'), 'utf8'),
  };
}

describe('docker-lock', () => {
  test('takes index and platforms from the mirror, keeps what is locked, and updates on demand', async () => {
    const host = await realRegistry();
    vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', `http://${host}/`);
    const repository = repositoryAt(`${host}/library/base`);
    const platforms = ['linux/amd64', 'linux/arm64'];
    const images = [];
    for (const each of platforms) {
      images.push((await pushImage(repository, await madeImage(each))).descriptor);
    }
    const index = await pushIndex(repository, '1', images);
    const { lock, read } = await workspace('FROM base:1\n', {});
    expect(await lock()).toEqual({ success: true });
    const text = await read();
    expect(JSON.parse(text).images['base:1']).toEqual({
      digest: index.digest,
      platforms: { 'linux/amd64': images[0]!.digest, 'linux/arm64': images[1]!.digest },
      env: {},
      onbuild: [],
    });
    const moved = await pushIndex(repository, '1', images.slice(0, 1));
    await lock();
    expect(await read()).toBe(text);
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await lock({ update: true });
    expect(said).toHaveBeenCalledWith(`base:1  ${index.digest} -> ${moved.digest}\n`);
    said.mockRestore();
    expect(JSON.parse(await read()).images['base:1'].digest).toBe(moved.digest);
  });

  test('with --check names what is not locked, changes nothing and asks nobody', async () => {
    vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', 'localhost:1');
    const { lock, read } = await workspace('FROM a:1\nFROM b:1\nFROM c:1\n', {
      'a:1': { digest: digest('1') },
      'b:1': { digest: null },
    });
    const before = await read();
    const said = vi.spyOn(console, 'error').mockReturnValue();
    expect(await lock({ check: true })).toEqual({ success: false });
    expect(said.mock.calls[0]?.[0]).toContain('not in lock.json: b:1, c:1');
    said.mockRestore();
    expect(await read()).toBe(before);
  });

  test('locks what it can, and names what it cannot', async () => {
    const host = await realRegistry();
    vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', `http://${host}/`);
    const { lock, read } = await workspace('FROM localhost:1/gone:1\nFROM there:1\nFROM b:9\n', {});
    const image = await pushImage(repositoryAt(`${host}/library/there`), {
      ...(await madeImage('linux/amd64')),
      tag: '1',
    });
    const said = vi.spyOn(console, 'error').mockReturnValue();
    expect(await lock()).toEqual({ success: false });
    expect(said.mock.calls[0]?.[0]).toMatch(
      /^✗ b:9 cannot be locked: .* has no 9; localhost:1\/gone:1 cannot be locked: no registry answers at .*\. The others are locked/,
    );
    said.mockRestore();
    expect(JSON.parse(await read()).images).toMatchObject({
      'there:1': { digest: image.descriptor.digest },
    });
  });

  test('without a registry says so in one line and leaves the lock', async () => {
    vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', 'localhost:1');
    const { lock, read } = await workspace('FROM a:1\n', {});
    const before = await read();
    const said = vi.spyOn(console, 'error').mockReturnValue();
    expect(await lock()).toEqual({ success: false });
    expect(said.mock.calls[0]?.[0]).toMatch(/^✗ a:1 cannot be locked: no registry answers at .*$/);
    said.mockRestore();
    expect(await read()).toBe(before);
  });

  test('with --fresh takes the bases that there are now, and says when, beside what others locked', async () => {
    const host = await realRegistry();
    vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', `http://${host}/`);
    const repository = repositoryAt(`${host}/library/base`);
    const push = async () =>
      (await pushImage(repository, { ...(await madeImage('linux/amd64')), tag: '1' })).descriptor;
    const { digest: now } = await push();
    const { lock, read } = await workspace('FROM base:1\nRUN x\n', {
      'base:1': { digest: digest('1') },
      'other:1': { digest: digest('2') },
    });
    const before = Date.now();
    expect(await lock({ fresh: true })).toEqual({ success: true });
    const { images, fresh } = JSON.parse(await read());
    expect(images).toMatchObject({ 'base:1': { digest: now }, 'other:1': { digest: digest('2') } });
    expect(Object.keys(fresh)).toEqual(['Dockerfile']);
    expect(Date.parse(fresh.Dockerfile)).toBeGreaterThanOrEqual(before);
    // What is fresh stays in the lock when bases are locked later.
    await lock({ update: true });
    expect(JSON.parse(await read()).fresh).toEqual(fresh);
  });

  test.each([
    [
      'no registry answers',
      {},
      /a:1 cannot be locked: no registry answers.*Nothing was made fresh/,
    ],
    ['nothing may be changed', { check: true }, /--check changes nothing, and --fresh writes/],
  ])('with --fresh, where %s, the lock is as it was', async (_, rest, said) => {
    vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', 'localhost:1');
    const { lock, read } = await workspace('FROM a:1\n', { 'a:1': { digest: digest('1') } });
    const before = await read();
    const errors = vi.spyOn(console, 'error').mockReturnValue();
    expect(await lock({ fresh: true, ...rest })).toEqual({ success: false });
    expect(errors.mock.calls[0]?.[0]).toMatch(said);
    errors.mockRestore();
    expect(await read()).toBe(before);
  });
});
