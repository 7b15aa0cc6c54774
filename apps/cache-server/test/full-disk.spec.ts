import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { holdsSame, nxArchive } from './archive';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, put, teamConfig } from './test-server';

/** Null when a small file system can be mounted, else why not. */
function whyNoMount(): string | null {
  if (process.getuid?.() !== 0) return 'mounting a small file system takes root';
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return String(error);
  }
}

const reason = whyNoMount();

it('answers 507 on a full disk while reads go on', async ({ skip }) => {
  skip(reason !== null, `missing: ${reason}`);
  const folder = await temporaryFolder();
  const data = await temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'none', data]);
  onTestFinished(() => void execFileSync('umount', ['-l', data]));
  const { url, tokens, kill } = await serverProcess(folder, {}, teamConfig(data));
  const small = await nxArchive({ 'dist/a': randomBytes(1_000_000) });
  expect((await put(url, tokens.main, '1', small)).status).toBe(200);

  const large = await nxArchive({ 'dist/a': randomBytes(9_000_000) });
  expect((await put(url, tokens.main, '2', large)).status).toBe(507);
  expect(readdirSync(join(data, 'incoming'))).toEqual([]);
  expect((await get(url, tokens.main, '2')).status).toBe(404);
  expect(await holdsSame(await bytesOf(await get(url, tokens.main, '1')), small)).toBe(true);
  expect((await put(url, tokens.main, '3', small)).status).toBe(200);
  await kill();
});
