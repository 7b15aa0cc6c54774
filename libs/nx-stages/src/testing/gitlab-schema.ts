import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

// GitLab publishes its schema in no package of its own; this one carries it, as a module.
const SPEC = 'gitlab-ci-local@4.65.1';
const SHA256 = 'e6b1de5993ad55e68c59d3c1e4a35e99944f48e0712eddeab9b16abebf007f76';
const FILE = 'package/src/schema/schema.js';

const run = promisify(execFile);

/** GitLab's published JSON schema of `.gitlab-ci.yml`. */
export async function gitlabSchema(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'nx-stages-schema-'));
  try {
    const pack = ['pack', SPEC, '--silent', '--prefer-offline'];
    const { stdout } = await run('npm', pack, { cwd: folder });
    const archive = join(folder, stdout.trim());
    const found = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    if (found !== SHA256) throw new Error(`${SPEC} has SHA-256 ${found}, not ${SHA256}`);
    await run('tar', ['-xzf', archive, FILE], { cwd: folder });
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const { schema } = await import(pathToFileURL(join(folder, FILE)).href);
    return schema as object;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
