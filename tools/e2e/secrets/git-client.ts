import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where it lies in an image. */
export const CLIENT = '/opt/git';

/**
 * This machine's git and ssh with all libraries that they load, to be copied to `CLIENT`: an image of
 * another distribution runs them, too.
 */
export function writeGitClient(folder: string): void {
  for (const name of ['bin', 'lib', 'own']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ['git', 'ssh']) {
    const program = realpathSync(execFileSync('which', [name], { encoding: 'utf8' }).trim());
    copyFileSync(program, join(folder, 'own', name));
    const loaded = execFileSync('ldd', [program], { encoding: 'utf8' });
    const libraries = [...loaded.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
    for (const path of libraries) copyFileSync(path, join(folder, 'lib', basename(path)));
    const loader = libraries.find((path) => /\/ld-linux[^/]*$/.test(path)) ?? '';
    const wrapper = join(folder, 'bin', name);
    const load = `${CLIENT}/lib/${basename(loader)} --library-path ${CLIENT}/lib`;
    writeFileSync(wrapper, `#!/bin/sh\nexec ${load} ${CLIENT}/own/${name} "$@"\n`);
    chmodSync(wrapper, 0o755);
  }
}
