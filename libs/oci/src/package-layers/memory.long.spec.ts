// Takes 60 s.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { WrittenLayer } from '../layer/writer';
import { temporaryFolder } from '../testing/folder';

const largeBytes = Number(process.env['LAYER_BYTES'] ?? 500_000_000);

async function split(small: number) {
  const script = join(__dirname, '../testing/split-big.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', script, await temporaryFolder(), String(largeBytes), String(small)],
    { cwd: __dirname },
  );
  return JSON.parse(stdout) as { maxRssBytes: number; layers: WrittenLayer[] };
}

it('a package beside one of 500 MB moves at most 2 MB, in at most 200 MB of memory', async () => {
  const before = await split(60);
  const after = await split(61);
  const had = new Set(before.layers.map(({ digest }) => digest));
  const moved = after.layers.filter(({ digest }) => !had.has(digest));
  const movedBytes = moved.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  console.log({ movedBytes, maxRssBytes: after.maxRssBytes, layers: after.layers.length });
  expect(moved).toHaveLength(1);
  expect(movedBytes).toBeLessThanOrEqual(2_000_000);
  expect(after.maxRssBytes).toBeLessThanOrEqual(200_000_000);
}, 600_000);
