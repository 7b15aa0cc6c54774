// Takes 30 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shell } from '../shell';
import { engineFolder } from './folder';
import { detectHost, parseOsRelease } from './host';
import { readFileSync } from 'node:fs';
import { unpackEngine } from './unpack';

const isDebian =
  process.platform === 'linux' &&
  parseOsRelease(readFileSync('/etc/os-release', 'utf8'))['ID'] === 'debian';

describe('unpackEngine', { timeout: 300_000 }, () => {
  let home: string;
  beforeEach(({ skip }) => skip(!isDebian, 'missing: Debian, whose packages are downloaded'));
  beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), 'unpack-'))));
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('goes on where a killed one stopped, and never takes the half for the whole', async () => {
    const at = engineFolder({ XDG_CACHE_HOME: home });
    await killWhenItUnpacks(home);
    await expect(access(at.root)).rejects.toMatchObject({ code: 'ENOENT' });
    const kept = await readdir(join(at.folder, 'download', 'debs'));
    expect(kept.length).toBeGreaterThan(10);

    await unpackEngine(at, await detectHost(), () => undefined);
    for (const program of ['dockerd', 'containerd', 'runc', 'docker']) {
      expect((await shell`${join(at.bin, program)} --version`).exitCode).toBe(0);
    }
    expect((await readdir(at.folder)).sort()).toEqual(['root']);
  });
});

async function killWhenItUnpacks(home: string): Promise<void> {
  const script = join(home, 'unpack.ts');
  const from = (name: string) => JSON.stringify(join(__dirname, name));
  await writeFile(
    script,
    `import { unpackEngine } from ${from('unpack.ts')};
     import { detectHost } from ${from('host.ts')};
     import { engineFolder } from ${from('folder.ts')};
     void detectHost().then((host) => unpackEngine(engineFolder(), host, (line) => console.log(line)));`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    cwd: __dirname,
    env: { ...process.env, XDG_CACHE_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  child.stdout.on('data', (data: Buffer) => {
    if (/Unpacking/.test(data.toString())) child.kill('SIGKILL');
  });
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
}
