import { execFile } from 'node:child_process';

/**
 * What git prints, as it printed it. By Node's own means: loading a library takes longer than git does,
 * and this is in every load.
 *
 * @throws Error with what git printed, where it fails or there is none
 */
export function git(args: readonly string[], cwd: string): Promise<string> {
  const maxBuffer = 64 * 1024 * 1024;
  return new Promise((resolve, reject) => {
    const child = execFile('git', args, { cwd, maxBuffer }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end();
  });
}
