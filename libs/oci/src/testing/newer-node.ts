import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { toolFolder } from './tool-folder';

const VERSION = '24.15.0';

/** A Node that has zstd: this one, else one from npm in the user's cache, not installed. */
export function nodeWithZstd(): string {
  if (process.versions['zstd'] !== undefined) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const wanted = `${name}@${VERSION}`;
  const program = join('node_modules', name, 'bin', 'node');
  const tool = { holds: program, source: `npm cannot fetch ${wanted}` };
  const home = toolFolder(`node-${VERSION}`, tool, (folder) => {
    const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    // Not in the workspace, whose lock file is none of its business.
    execFileSync('npm', ['install', '--prefix', folder, ...options, wanted], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  });
  return join(home, program);
}
