import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLayout } from '@excel2doc/oci';
import { writeFullLayout } from '@excel2doc/oci/testing/images';
import { file } from '@excel2doc/oci/testing/trees';
import { DockerProject } from '../workspace/docker-project';
import type { NamedContext } from '../workspace/named-contexts';
import { makePlans } from './make';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'context-images-'));
  write({
    'app/Dockerfile': 'FROM scratch\nCOPY --from=more /a.txt /\n',
    'more/a.txt': 'a',
    'more/.dockerignore': 'ignored\n',
    'more/ignored': 'x',
  });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const PLATFORM = 'linux/amd64';

/** The digest that the stage's plan has for `more`. */
async function digest(context: NamedContext = { kind: 'folder', path: 'more' }) {
  const makersOf = (path: string) => (path === 'dist/web' ? ['web:build'] : []);
  const project = new DockerProject(
    { root, name: 'app', folder: 'app', makersOf, namedContexts: () => ({ more: context }) },
    { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'lock.json', platforms: [PLATFORM] },
  );
  const { plans } = await makePlans(project);
  const [plan] = plans[0]!.platforms;
  expect(plan?.uncacheable).toEqual([]);
  return plan?.images.find(({ reference }) => reference === 'more')?.digest;
}

test('what a folder holds is in the key, and what it ignores, times and a umask are not', async () => {
  const first = await digest();
  expect(first).toMatch(/^sha256:/);
  write({ 'more/ignored': 'other' });
  chmodSync(join(root, 'more/a.txt'), 0o666);
  expect(await digest()).toBe(first);
  write({ 'more/a.txt': 'b' });
  expect(await digest()).not.toBe(first);
});

test('a folder that a target makes and that is not there is said with the target', async () => {
  await expect(digest({ kind: 'folder', path: 'dist/web' })).rejects.toMatchObject({
    code: 'OUTPUT_MISSING',
    message: expect.stringContaining('dist/web, which more stands for'),
    hint: 'Run `nx run web:build`',
  });
});

test('a layout is taken by the digest of its manifest, and no other', async () => {
  const image = { layers: [[file('a.txt', 'a')]], platform: PLATFORM };
  await writeFullLayout(join(root, 'images/more'), image);
  const { descriptor } = await readLayout(join(root, 'images/more'), PLATFORM);
  const layout = { kind: 'layout' as const, path: 'images/more' };
  expect(await digest({ ...layout, digest: descriptor.digest })).toBe(descriptor.digest);
  await expect(digest({ ...layout, digest: `sha256:${'0'.repeat(64)}` })).rejects.toThrow(
    'images/more, which more stands for, has no image sha256:000000000000 for linux/amd64',
  );
  await expect(digest({ ...layout, path: 'nowhere', digest: descriptor.digest })).rejects.toThrow(
    'nowhere, which more stands for, cannot be read',
  );
});
