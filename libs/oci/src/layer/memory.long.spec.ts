// Takes 15 s.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing/folder';

const sizeBytes = Number(process.env['LAYER_BYTES'] ?? 600 << 20);

it.each(['sorted', 'shuffled'])(
  'a large layer that is %s passes in under 140 MB of memory',
  async (order) => {
    const folder = await temporaryFolder();
    const script = join(__dirname, '../testing/thin-big.ts');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', script, folder, String(sizeBytes), order],
      { cwd: __dirname },
    );
    expect(JSON.parse(stdout).maxRssBytes).toBeLessThan(140_000_000);
  },
  600_000,
);
