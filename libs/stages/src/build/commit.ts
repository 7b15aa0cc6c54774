import { execFileSync } from 'node:child_process';

/** The commit that is checked out, as 12 digits; undefined outside of git or before the first one. */
export function headCommit(workspaceRoot: string): string | undefined {
  try {
    const args = ['rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', args, {
      cwd: workspaceRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
