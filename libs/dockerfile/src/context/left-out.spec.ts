import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseDockerfile } from '../dockerfile';
import { planStages } from '../plan/plan-stages';

let contextDir: string;
beforeEach(() => {
  contextDir = mkdtempSync(join(tmpdir(), 'left-out-'));
  write('app/main.js');
});
afterEach(() => rmSync(contextDir, { recursive: true }));

function write(path: string): void {
  mkdirSync(dirname(join(contextDir, path)), { recursive: true });
  writeFileSync(join(contextDir, path), path);
}

/** The paths that a Dockerfile of one COPY takes. */
function taken(copy: string, leftOut = ['dist/api/docker', '.nx']): string[] {
  const dockerfile = parseDockerfile(`FROM scratch\nCOPY ${copy} /\n`, { file: 'Dockerfile' });
  const [plan] = planStages(dockerfile, { contextDir, leftOut, platforms: ['linux/amd64'] });
  return plan!.platforms[0]!.files.map(({ path }) => path);
}

test('what is left out is in no COPY, and neither is a folder that holds nothing else', () => {
  const before = taken('.');
  write('dist/api/docker/plan/a.json');
  write('.nx/cache/a');
  expect(taken('.')).toEqual(before);
  write('dist/web/index.html');
  expect(taken('.')).toEqual([...before, 'dist', 'dist/web', 'dist/web/index.html'].sort());
  expect(taken('di*')).toEqual(['dist', 'dist/web', 'dist/web/index.html']);
  expect(taken('.', [])).toContain('dist/api/docker/plan/a.json');
});

test('.dockerignore takes nothing of it back', () => {
  write('dist/api/docker/a');
  writeFileSync(join(contextDir, '.dockerignore'), 'dist\n!dist/api\n');
  expect(taken('.')).toEqual(['.', '.dockerignore', 'app', 'app/main.js']);
});

test('to copy it by name finds nothing', () => {
  write('dist/api/docker/a');
  expect(() => taken('dist/api/docker/a')).toThrow('"/dist/api/docker/a" not found');
  expect(() => taken('dist')).toThrow('"/dist" not found');
});
