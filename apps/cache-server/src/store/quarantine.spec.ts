import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder';
import { Quarantine } from './quarantine';

it('keeps no more bytes, files or days than it may, and says how many bytes it keeps', async () => {
  const folder = await temporaryFolder();
  const of = (rules: { maxBytes: number; maxFiles: number; maxAgeMs: number }) => {
    const quarantine = new Quarantine(join(folder, 'quarantine'), rules);
    return { quarantine, left: () => readdirSync(join(folder, 'quarantine')).length };
  };
  const year = 365 * 24 * 3_600_000;
  const all = of({ maxBytes: 1e9, maxFiles: 1e9, maxAgeMs: year });
  for (let at = 0; at < 9; at += 1) {
    await writeFile(join(folder, 'damaged'), 'x'.repeat(40));
    all.quarantine.take({ scope: 'main', hash: `${at}` }, join(folder, 'damaged'));
  }
  expect([all.quarantine.sizeBytes, all.left()]).toEqual([360, 9]);
  for (const [rules, stay] of [
    [{ maxBytes: 1e9, maxFiles: 6, maxAgeMs: year }, 6],
    [{ maxBytes: 130, maxFiles: 1e9, maxAgeMs: year }, 3],
    [{ maxBytes: 1e9, maxFiles: 1e9, maxAgeMs: -1 }, 0],
  ] as const) {
    const { quarantine, left } = of(rules);
    quarantine.tidy();
    expect([quarantine.sizeBytes, left()]).toEqual([40 * stay, stay]);
  }
});

it('knows after a restart since when a file is there, whatever its entry is called', async () => {
  const folder = await temporaryFolder();
  const directory = join(folder, 'quarantine');
  const rules = { maxBytes: 100, maxFiles: 100, maxAgeMs: 3_600_000 };
  // Each at a time of its own, however quick the machine is.
  let nowMs = Date.now();
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => (nowMs += 1));
  onTestFinished(() => clock.mockRestore());
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
