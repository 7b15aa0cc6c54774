import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { changeValues, withValues } from './write';

test.each([
  ['its line', '# a\nA=1\nB=2\n', { A: '3' }, '# a\nA=3\nB=2\n'],
  ['one with export and quotes', 'export A="1 2"\nB=2', { A: '3' }, 'A=3\nB=2'],
  ['a line that is not there yet', 'B=2', { A: '3' }, 'B=2\nA=3\n'],
  ['each of several', 'A=1\nA=2\n', { A: '3' }, 'A=3\n'],
  ['none of a longer name', 'A_NEXT=1\nAA=2\n', { A: '3' }, 'A_NEXT=1\nAA=2\nA=3\n'],
  ['to nothing', 'A=1\nB=2\n', { A: undefined }, 'B=2\n'],
])('a value is written into %s', (_, before, values, after) => {
  expect(withValues(before, values, '.env')).toBe(after);
});

test('a value of several lines is refused, not cut in two', () => {
  expect(() => withValues('A="1\nB=2"\nC=3\n', { A: '3' }, '.env')).toThrow(
    /\.env: .* nothing was changed/,
  );
});

test('the file keeps its mode and stays a link', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'values-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [file, link] = [join(folder, 'real'), join(folder, '.env')];
  writeFileSync(file, 'A=1\n');
  chmodSync(file, 0o640);
  symlinkSync('real', link);
  await changeValues(link, { A: '2' });
  expect(readFileSync(file, 'utf8')).toBe('A=2\n');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder).sort()).toEqual(['.env', 'real']);
});
