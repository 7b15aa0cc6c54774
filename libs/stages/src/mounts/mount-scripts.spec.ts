import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { beforeEach, expect, it } from 'vitest';
import { parseMountList } from './mount-list';
import { SCRIPTS } from './mount-scripts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  for (const name of ['seed', 'mount/folder', 'bin']) mkdirSync(join(folder, name), { recursive: true }); // prettier-ignore
  for (const name of ['a', 'b', 'folder/c']) writeFileSync(join(folder, 'mount', name), name);
  writeFileSync(join(folder, 'seed/mounts'), `0 ${join(folder, 'mount')}\n`);
});

/** Runs a script as a helper does, with the programs of this machine. */
function run(script: keyof typeof SCRIPTS): number | null {
  const text = SCRIPTS[script].replaceAll('/nx-stages', folder);
  // The names of what is unfinished begin so, too.
  const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
  return spawnSync('/bin/sh', ['-c', text.replaceAll(`.${folder}-`, '.nx-stages-'), 'x', '1'], { env }).status; // prettier-ignore
}
function program(name: string, text: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, 'bin', name), 0o755);
}
const listed = () => {
  const text = readFileSync(join(folder, 'out/0.list'), 'utf8');
  return parseMountList(text).map(({ path }) => path).sort(); // prettier-ignore
};

it('a mount is listed', () => {
  expect(run('list')).toBe(0);
  expect(listed()).toEqual(['a', 'b', 'folder', 'folder/c']);
});

it('a mount is listed where a file goes meanwhile', () => {
  program('stat', `[ -e b ] && case "$*" in */a*) rm b;; esac\nexec /usr/bin/env -i PATH=/usr/bin:/bin stat "$@"`); // prettier-ignore
  expect(run('list')).toBe(0);
  expect(listed()).toEqual(['a', 'folder', 'folder/c']);
});

it('a mount is not listed as empty where nothing can list it', () => {
  program('stat', 'exit 1');
  expect(run('list')).not.toBe(0);
});

it('what was put there is taken away, but for a folder of that name, and what is gone', () => {
  symlinkSync('folder', join(folder, 'mount/link'));
  writeFileSync(join(folder, 'seed/0.paths'), './a\n./gone\n./folder\n./link\n./b\n');
  expect(run('clear')).toBe(0);
  const left = ['a', 'b', 'folder/c', 'link'].filter((name) => existsSync(join(folder, 'mount', name))); // prettier-ignore
  expect(left).toEqual(['folder/c']);
});
