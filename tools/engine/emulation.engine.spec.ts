import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { describe, expect, test } from 'vitest';
import { ensureEmulation, isEmulated, registration } from './emulation';

describe('what the kernel is told', () => {
  test.each(['arm64', 'amd64'])('for %s is a line that it takes', (architecture) => {
    const line = registration(architecture, '/q');
    const [, name, kind, offset, magic = '', mask = '', interpreter, flags] = line.split(':');
    expect([kind, offset, interpreter, flags]).toEqual(['M', '', '/q', 'F']);
    expect(name).toMatch(/^excel2doc-/);
    const bytes = (text: string) => text.replaceAll('\\x7fELF', '????????????????').length / 4;
    expect(bytes(magic)).toBe(20);
    expect(bytes(mask)).toBe(20);
    // The kernel refuses longer ones.
    expect(line.length).toBeLessThan(256);
  });

  test('for an architecture that nobody emulates says which can be', async () => {
    await expect(ensureEmulation('pdp11', { log: () => undefined })).rejects.toMatchObject({
      message: expect.stringContaining('arm64, amd64'),
    });
  });
});

const other = process.arch === 'arm64' ? 'amd64' : 'arm64';

test('a program of another architecture runs here', async ({ skip }) => {
  skip(process.getuid?.() !== 0, 'missing: root, which registering an emulator takes');
  await ensureEmulation(other, { log: () => undefined });
  expect(await isEmulated(other)).toBe(true);
  const busybox = debianProgram('busybox-static', 'bin/busybox', other);
  const { stdout } = await promisify(execFile)(busybox, ['uname', '-m']);
  expect(stdout.trim()).toBe(other === 'arm64' ? 'aarch64' : 'x86_64');
}, 300_000);
