import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readLayout } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { writeFullLayout } from '@excel2doc/oci/testing/images';
import { file } from '@excel2doc/oci/testing/trees';
import { expect, test } from 'vitest';
import { linkLayout, takeAway } from './project-images';

const PLATFORM = 'linux/amd64';
const AT_ONCE = 12;

const write = (folder: string) =>
  writeFullLayout(folder, { layers: [[file('a', 'a')]], platform: PLATFORM });

test.each([
  ['nothing', async () => undefined],
  [
    'what is not whole',
    async (layoutDir: string) => {
      await mkdir(layoutDir, { recursive: true });
      await writeFile(join(layoutDir, 'index.json'), '{}');
    },
  ],
])(
  'tasks that put one layout there at the same moment, where there was %s, all find it whole',
  async (_, before) => {
    const root = await temporaryFolder();
    const source = join(root, 'source');
    await write(source);
    const { digest } = (await readLayout(source, PLATFORM)).descriptor;
    const layoutDir = join(root, 'images/linux-amd64');
    await before(layoutDir);
    const image = { digest, layoutDir, tag: 'base:dev' } as Parameters<typeof linkLayout>[0];
    // None ends its draft before all have seen that it is not there.
    let waiting = AT_ONCE;
    let release = () => undefined as void;
    const all = new Promise<void>((resolve) => (release = resolve));
    const put = () =>
      linkLayout(image, PLATFORM, async (draft) => {
        if (--waiting === 0) release();
        await all;
        await write(draft);
      });
    await Promise.all(Array.from({ length: AT_ONCE }, put));
    expect((await readLayout(layoutDir, PLATFORM)).descriptor.digest).toBe(digest);
    expect(await readdir(dirname(layoutDir))).toEqual(['linux-amd64']);
  },
);

test('a layout that another task has put in the place of what is taken away comes back', async () => {
  const root = await temporaryFolder();
  const layoutDir = join(root, 'linux-amd64');
  const taken = async (digest: string) => {
    await takeAway(layoutDir, `${layoutDir}.old`, digest, PLATFORM);
    return readdir(root);
  };
  await write(layoutDir);
  const { digest } = (await readLayout(layoutDir, PLATFORM)).descriptor;
  expect(await taken(digest)).toEqual(['linux-amd64']);
  expect((await readLayout(layoutDir, PLATFORM)).descriptor.digest).toBe(digest);
  await rm(join(layoutDir, 'blobs'), { recursive: true });
  expect(await taken(digest)).toEqual([]);
  expect(await taken(digest)).toEqual([]);
  await write(layoutDir);
  expect(await taken(`sha256:${'0'.repeat(64)}`)).toEqual([]);
});

test('a layout that cannot be read at this moment is said so, and stays', async () => {
  const root = await temporaryFolder();
  const layoutDir = join(root, 'linux-amd64');
  await mkdir(layoutDir);
  // Whoever reads it, root too, is given an error of the system.
  await symlink('/proc/self/mem', join(layoutDir, 'index.json'));
  const image = { digest: 'sha256:0', layoutDir, tag: 'base:dev' } as Parameters<typeof linkLayout>[0];
  await expect(linkLayout(image, PLATFORM, write)).rejects.toMatchObject({ code: 'EIO' });
  await takeAway(layoutDir, `${layoutDir}.old`, image.digest, PLATFORM);
  expect(await readdir(root)).toEqual(['linux-amd64']);
}); // prettier-ignore
