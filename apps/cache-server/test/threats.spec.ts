import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const app = join(__dirname, '..');
const workspace = join(app, '../..');
const kinds = ['spec.ts', 'long.spec.ts', 'attack.spec.ts'];

/** The rows of the table of attacks: what each names in its last column. */
function testsOf(page: string): string[][] {
  const text = readFileSync(join(workspace, 'docs', page), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  const first = rows.findIndex((row) => /^\| (attack|攻击) /.test(row));
  return rows.slice(first + 2).map((row) => {
    const cell = row.split('|').at(-2)!;
    return [...cell.matchAll(/(?:libs\/\w+(?:: |：))?[\w-]+\/[\w-]+(?:\/[\w-]+)?/g)].map(([name]) => name.replace(/: |：/, ':')); // prettier-ignore
  });
}

/** Where a name of the table is: below src or test, or in a library. */
function fileOf(name: string): string | undefined {
  const [library, inLibrary] = name.split(':');
  const folders = inLibrary === undefined ? [join(app, 'src'), join(app, 'test'), app] : [join(workspace, library!, 'src')]; // prettier-ignore
  return folders
    .flatMap((folder) => kinds.map((kind) => join(folder, `${inLibrary ?? name}.${kind}`)))
    .find(existsSync);
}

it.each(['remote-cache.md', 'remote-cache.zh-CN.md'])(
  'every attack of %s names tests that exist',
  (page) => {
    const rows = testsOf(page);
    expect(rows.length).toBeGreaterThan(20);
    for (const [at, names] of rows.entries()) {
      expect(names, `row ${at + 1} names no test`).not.toEqual([]);
      expect(
        names.filter((name) => fileOf(name) === undefined),
        `row ${at + 1}`,
      ).toEqual([]);
    }
  },
);

it('both languages list the same attacks, held by the same tests', () => {
  expect(testsOf('remote-cache.zh-CN.md')).toEqual(testsOf('remote-cache.md'));
});
