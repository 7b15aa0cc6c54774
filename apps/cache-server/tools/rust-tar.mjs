import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toolFolder } from './tool-folder.mjs';

const source = fileURLToPath(new URL('./rust-tar', import.meta.url));

/**
 * A reader of archives that reads as Nx does, with Rust's tar crate; for tests only. Built once for
 * each version of its source.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} its path; null when it is not there and cannot be built
 */
export function findRustTar({ install }) {
  const digest = createHash('sha256');
  for (const name of ['Cargo.lock', 'Cargo.toml', 'src/main.rs'])
    digest.update(readFileSync(join(source, name)));
  const file = join(toolFolder, `rust-tar-${digest.digest('hex').slice(0, 12)}`);
  if (existsSync(file) || !install) return existsSync(file) ? file : null;
  try {
    mkdirSync(toolFolder, { recursive: true });
    // Outside the repository: what cargo leaves there is large, and nobody's source.
    const target = join(dirname(toolFolder), 'rust-tar-build');
    const args = ['build', '--release', '--locked', '--target-dir', target];
    execFileSync('cargo', args, { cwd: source, stdio: 'pipe' });
    copyFileSync(join(target, 'release/rust-tar'), `${file}.new`);
    renameSync(`${file}.new`, file);
    return file;
  } catch {
    return null;
  }
}
