// Takes 15 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasCode } from '../error';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { directory, file } from '../testing/trees';
import { thinImage } from '../thin/thin-image';
import { checkOwnBlobs, readBaseImage, readImageRecord } from './read';

const rounds = Number(process.env['ROUNDS'] ?? 10);
/** By TEST_SEED, which the run prints. */
const momentsMs = fc.sample(fc.noBias(fc.integer({ min: 0, max: 60 })), rounds);

async function prepared(): Promise<string> {
  const folder = await temporaryFolder();
  const noise = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at) % 251));
  const base = [[directory('etc'), file('etc/a', 'a')]];
  await writeFullLayout(join(folder, 'base'), { layers: base });
  await writeFullLayout(join(folder, 'full'), { layers: [...base, [file('big', noise)]] });
  await mkdir(join(folder, 'context'));
  await writeFile(join(folder, 'context/a'), noise);
  await writeFile(join(folder, 'context/b'), 'b');
  return folder;
}

it.each(['thin', 'assemble'])(
  'kill -9 at any moment of %s leaves a whole output or none',
  async (what) => {
    const folder = await prepared();
    const script = join(__dirname, '../testing/write-outputs.ts');
    let whole = 0;
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, folder, what], {
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: __dirname,
      });
      await once(child.stdout, 'data');
      await sleep(momentsMs[round]);
      child.kill('SIGKILL');
      await once(child, 'exit');
      try {
        await checkOwnBlobs(await readImageRecord(join(folder, 'out')));
        whole++;
      } catch (error) {
        // Between the two renames there is none; anything else would be a wrong one.
        if (!hasCode(error, 'LAYOUT_INCOMPLETE')) throw error;
        expect(await readdir(folder)).not.toContain('out');
      }
    }
    expect(whole).toBeGreaterThan(0);
    // The next build is whole, and clears away what the killed ones left.
    const platform = 'linux/amd64';
    const base = await readBaseImage(join(folder, 'base'), platform, 'base:1');
    const options = {
      layoutDir: join(folder, 'full'),
      outputDir: join(folder, 'out'),
      base,
      platform,
    };
    await thinImage(options);
    await checkOwnBlobs(await readImageRecord(join(folder, 'out')));
    const names = await readdir(folder);
    expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
  },
  3600_000,
);
