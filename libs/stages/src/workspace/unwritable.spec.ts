import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unwritable } from './unwritable';

// A read-only file system is in tools/e2e/package.e2e.ts, where Nx runs on one.
const NOBODY = 65534;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unwritable-'));
  writeFileSync(join(folder, 'secret'), '');
  chmodSync(join(folder, 'secret'), 0o000);
  chmodSync(folder, 0o555);
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true });
});

/** The error that somebody who may not write gets; permissions do not bind root. */
function denied(action: () => void): unknown {
  const isRoot = process.getuid?.() === 0;
  try {
    if (isRoot) process.seteuid?.(NOBODY);
    action();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test('a folder that belongs to somebody else is named, with what gives it back', () => {
  const error = denied(() => mkdirSync(join(folder, 'dist')));
  const { message, hint } = unwritable(error)!;
  expect(message).toMatch(new RegExp(`^${folder} cannot be written to by \\w+$`));
  expect(hint).toContain(`chown -R ${process.getuid?.()} ${folder}`);
});

test('the folder is named, not the file in it that was to be written, nor the error around it', () => {
  const cause = denied(() => writeFileSync(join(folder, 'plan.json.4711'), ''));
  expect(unwritable(new Error('no blob', { cause }))?.message).toContain(`${folder} cannot`);
});

test.each([
  ['what is not there', () => readFileSync(join(folder, 'missing'))],
  ['what cannot be parsed', () => JSON.parse('{')],
])('%s is another matter', (_what, action) => {
  expect(unwritable(denied(action))).toBeUndefined();
});
