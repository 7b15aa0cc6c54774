import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

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

describe('what is promised', () => {
  /** The rows of the table of points: of each, the tests that it names as file and title. */
  const rows = readFileSync(join(app, 'test/attack/points.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
    .map((line) => {
      const [point = '', promise = '', cell = ''] = line.slice(2).split(' | ');
      const tests = cell.replace(/ *\|$/, '').split('; ');
      return { point: Number(point), promise: promise.trim(), tests };
    });

  it('is played, each of the twelve points, by tests that are there', () => {
    expect([...new Set(rows.map(({ point }) => point))]).toEqual(Array.from({ length: 12 }, (_, at) => at + 1)); // prettier-ignore
    const missing = rows.flatMap(({ promise, tests }) =>
      tests.filter((test) => !isThere(test.trim())).map((test) => `${promise}: ${test}`),
    );
    expect(missing).toEqual([]);
  });

  function isThere(test: string): boolean {
    const [, file, title] = /^([\w/.-]+\.ts): (.+)$/.exec(test) ?? [];
    if (file === undefined) return /^docs\/benchmarks\/cache\.md/.test(test);
    const path = join(file.startsWith('tools/') ? workspace : app, file);
    return existsSync(path) && readFileSync(path, 'utf8').includes(title!);
  }
});

it('no container of docker/compose.cache.yaml fills the disk with its log', () => {
  const text = readFileSync(join(workspace, 'docker/compose.cache.yaml'), 'utf8');
  // Of the second service only what differs from the first, which it extends.
  const { services } = parse(text.replace(/!override/g, '')) as { services: Record<string, { logging?: { options: object }; extends?: object }> }; // prettier-ignore
  expect(services['cache']?.logging?.options).toEqual({ 'max-size': '10m', 'max-file': '5' });
  for (const [name, service] of Object.entries(services))
    expect(service.logging ?? service.extends, name).toBeDefined();
});
