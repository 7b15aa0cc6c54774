import { execFileSync } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { file } from '../testing/trees';
import { thinImage } from '../thin/thin-image';
import { readImageRecord } from './read';
import { SCRATCH } from './record';

/** Mounting takes root; CI has it in its container. */
const canMount = process.getuid?.() === 0;

it('a full disk leaves the old output whole, and the build says so', async ({ skip }) => {
  skip(!canMount, 'missing: root, which mounting takes');
  const folder = await temporaryFolder();
  const small = join(folder, 'small');
  execFileSync('mkdir', [small]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  onTestFinished(() => void execFileSync('umount', [small]));
  const build = async (sizeBytes: number) => {
    const layoutDir = join(folder, `full-${sizeBytes}`);
    await writeFullLayout(layoutDir, { layers: [[file('noise', randomBytes(sizeBytes))]] });
    return thinImage({
      layoutDir,
      outputDir: join(small, 'out'),
      base: SCRATCH,
      platform: 'linux/amd64',
    });
  };
  const old = await build(100_000);
  for (const sizeBytes of [2 << 20, 5 << 20]) {
    await expect(build(sizeBytes)).rejects.toMatchObject({ code: 'ENOSPC' });
  }
  expect((await readImageRecord(join(small, 'out'))).record).toEqual(old);
  expect(await readdir(small)).toEqual(['out']);
  await rm(join(small, 'out'), { recursive: true });
});
