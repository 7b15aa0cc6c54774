import { mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectName } from './environment';

test('each checkout has a Compose project of its own, by whichever way one comes to it', () => {
  const [one = '', other = ''] = ['one', 'other'].map((name) =>
    mkdtempSync(join(tmpdir(), `excel2doc-${name}-`)),
  );
  symlinkSync(one, join(other, 'link'));
  expect(projectName(one)).toMatch(/^excel2doc-[0-9a-f]{8}$/);
  expect(projectName(one)).toBe(projectName(join(other, 'link')));
  expect(projectName(one)).not.toBe(projectName(other));
});
