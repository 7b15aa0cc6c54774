import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolFolder } from './tool-folder.mjs';

const systemFile = '/usr/sbin/nginx';

/**
 * Debian's nginx, to measure against: the installed one, else unpacked into the user's cache.
 *
 * @returns {string} its path
 */
export function findNginx() {
  if (existsSync(systemFile)) return systemFile;
  const home = join(dirname(toolFolder), 'nginx');
  const file = join(home, systemFile);
  if (existsSync(file)) return file;
  mkdirSync(dirname(home), { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    // Lists of its own: the machine's may be missing, and are not ours to change.
    mkdirSync(join(draft, 'lists/partial'), { recursive: true });
    const apt = ['-qq', '-o', `Dir::State::Lists=${join(draft, 'lists')}`];
    execFileSync('apt-get', [...apt, 'update'], { cwd: draft, stdio: 'pipe' });
    execFileSync('apt-get', [...apt, 'download', 'nginx'], { cwd: draft, stdio: 'pipe' });
    const archive = readdirSync(draft).find((name) => name.endsWith('.deb'));
    execFileSync('dpkg', ['-x', join(draft, String(archive)), join(draft, 'root')]);
    if (!existsSync(home)) renameSync(join(draft, 'root'), home);
    return file;
  } catch (cause) {
    throw new Error('no nginx to measure against: apt-get cannot fetch it', { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
