import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder';
import { Quarantine } from './quarantine';

it('knows after a restart since when a file is there, whatever its entry is called', async () => {
  const folder = await temporaryFolder();
  const directory = join(folder, 'quarantine');
  const rules = { maxBytes: 100, maxFiles: 100, maxAgeMs: 3_600_000 };
  const take = async (scope: string, hash: string) => {
    await writeFile(join(folder, 'damaged'), 'x'.repeat(40));
    new Quarantine(directory, rules).take({ scope, hash }, join(folder, 'damaged'));
  };
  // Of which a part looks like a time, long ago or in a thousand years.
  await take('team__1', '1');
  await take('main', '1__33333333333333');
  const again = new Quarantine(directory, rules);
  again.tidy();
  expect(again.fileCount).toBe(2);
  await take('main', '2');
  // The oldest goes, and no name keeps a file for good.
  await take('main', '3');
  expect(readdirSync(directory).map((name) => name.replace(/\d+$/, ''))).toEqual(['main__2__', 'main__3__']); // prettier-ignore
});
