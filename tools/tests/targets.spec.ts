import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { declaredSeconds } from './vitest/takes.mts';

const tracked = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { cwd: workspaceRoot, encoding: 'utf8' },
).split('\0');
const read = (path: string) => readFileSync(join(workspaceRoot, path), 'utf8');

/** The target that runs a spec, by its name. */
function targetOf(path: string): string | undefined {
  if (/\.long\.(spec|e2e)\.ts$/.test(path)) return 'test-long';
  if (/\.e2e\.ts$/.test(path)) return 'test-e2e';
  if (/\.engine\.spec\.ts$/.test(path)) return 'test-engine';
  return /\.spec\.ts$/.test(path) ? 'test' : undefined;
}

const projects = tracked.filter((path) => basename(path) === 'vitest.config.mts').map(dirname);

test('there are projects with tests', () => {
  expect(projects.length).toBeGreaterThan(5);
});

test.each(projects)('%s has a target for each kind of its tests, and none for others', (root) => {
  const specs = tracked.filter((path) => path.startsWith(`${root}/`));
  const wanted = new Set(specs.map(targetOf).filter((target) => target !== undefined));
  const { targets } = JSON.parse(read(`${root}/package.json`)).nx as { targets: object };
  const kinds = ['test', 'test-engine', 'test-e2e', 'test-long'];
  expect(
    Object.keys(targets)
      .filter((name) => kinds.includes(name))
      .sort(),
  ).toEqual([...wanted].sort());
});

test('every spec lies in a project that runs it', () => {
  const specs = tracked.filter((path) => targetOf(path) !== undefined);
  const outside = specs.filter((path) => !projects.some((root) => path.startsWith(`${root}/`)));
  expect(outside).toEqual([]);
});

test.each(tracked.filter((path) => targetOf(path) === 'test-long'))(
  '%s says what it takes',
  (path) => {
    expect(declaredSeconds(read(path))).toBeGreaterThan(0);
  },
);
