import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '24.15.0';

/** A Node that has zstd: this one, else one from npm in the user's cache, not installed. */
export function nodeWithZstd(): string {
  if (process.versions['zstd'] !== undefined) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const tools = join(cacheHome, 'excel2doc', 'tools');
  const home = join(tools, `node-${VERSION}`);
  const program = join(home, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  mkdirSync(tools, { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    const options = ['--prefix', draft, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    // Not in the workspace, whose lock file is none of its business.
    execFileSync('npm', ['install', ...options, `${name}@${VERSION}`], {
      cwd: draft,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (!existsSync(home)) renameSync(draft, home);
  } catch (cause) {
    throw new Error(`nothing to test with: npm cannot fetch ${name}@${VERSION}`, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return program;
}
