import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the README shows the example, and what it prints', () => {
  const folder = join(__dirname, '..');
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, code, printed] = /```ts\n(.*?)```.*?```text\n(.*?)```/s.exec(readme) ?? [];
  const example = readFileSync(join(folder, 'example/example.ts'), 'utf8');
  expect(code).toBe(example.replace('../src/index', '@excel2doc/go-text'));
  const options = { cwd: folder, encoding: 'utf8' as const };
  expect(execFileSync('npx', ['tsx', 'example/example.ts'], options)).toBe(printed);
});
