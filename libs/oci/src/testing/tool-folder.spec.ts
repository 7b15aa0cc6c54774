import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { toolFolder, toolPath } from './tool-folder';

const tool = { holds: 'program', source: 'nobody brings it' };
const fill = (text: string) => (folder: string) => writeFileSync(join(folder, 'program'), text);
const program = (folder: string) => readFileSync(join(folder, 'program'), 'utf8');

beforeEach(() => {
  const cache = mkdtempSync(join(tmpdir(), 'tool-folder-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  onTestFinished(() => rmSync(cache, { recursive: true }));
});

test('a folder is filled once', () => {
  expect(program(toolFolder('tool', tool, fill('first')))).toBe('first');
  expect(program(toolFolder('tool', tool, fill('second')))).toBe('first');
});

test('one that is there without what makes it whole is filled anew, and kept', () => {
  mkdirSync(toolPath('tool'), { recursive: true });
  writeFileSync(toolPath('tool', 'left-over'), '');
  expect(program(toolFolder('tool', tool, fill('first')))).toBe('first');
  expect(existsSync(toolPath('tool', 'left-over'))).toBe(false);
  expect(program(toolFolder('tool', tool, fill('second')))).toBe('first');
});

test('what another process has put there meanwhile stays', () => {
  const meanwhile = (folder: string) => {
    toolFolder('tool', tool, fill('first'));
    fill('second')(folder);
  };
  expect(program(toolFolder('tool', tool, meanwhile))).toBe('first');
});

test('one that is filled without it is not kept, and the error says who was to bring it', () => {
  expect(() => toolFolder('tool', tool, () => undefined)).toThrow(/nobody brings it/);
  expect(existsSync(toolPath('tool'))).toBe(false);
});
