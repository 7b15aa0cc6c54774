/**
 * What Nx keys suites by that look at the whole checkout: a digest of all its files that git would
 * keep. One line. As a pattern, `{workspaceRoot}/**` would make `tools` affected by every change.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { shell } from '../shell';
import { workspaceRoot } from '../workspace';

async function checkoutDigest(): Promise<string> {
  const inWorkspace = shell({ cwd: workspaceRoot });
  const { stdout } = await inWorkspace`git ls-files --cached --others --exclude-standard -z`;
  const all = createHash('sha256');
  for (const path of [...new Set(stdout.split('\0').filter(Boolean))].sort()) {
    const file = join(workspaceRoot, path);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    // Known to git and removed, or a repository inside this one.
    if (!stats || stats.isDirectory()) continue;
    const content = stats.isSymbolicLink() ? readlinkSync(file) : readFileSync(file);
    const digest = createHash('sha256').update(content).digest('hex');
    all.update(`${path}\0${(stats.mode & 0o111) !== 0}\0${digest}\n`);
  }
  return all.digest('hex');
}

void checkoutDigest().then((digest) => console.log(digest));
