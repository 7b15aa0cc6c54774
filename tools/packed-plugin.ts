import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { workspaceRoot } from './workspace';

/** What the package names and does not bring. */
const BESIDE = ['nx', '@nx/devkit', 'typescript', 'execa', 'undici', '@swc/core', '.bin/nx'];

/** The package as users have it, in a node_modules of its own: beside links to what is installed here. */
export function packedPlugin(nodeModules: string): void {
  const build = join(workspaceRoot, 'libs/nx-stages/build.mjs');
  execFileSync(process.execPath, [build, join(nodeModules, '@excel2doc/nx-stages')]);
  for (const name of BESIDE) {
    mkdirSync(dirname(join(nodeModules, name)), { recursive: true });
    symlinkSync(join(workspaceRoot, 'node_modules', name), join(nodeModules, name));
  }
  cpSync(join(workspaceRoot, 'libs/nx-stages/node_modules/yaml'), join(nodeModules, 'yaml'), {
    recursive: true,
  });
}
