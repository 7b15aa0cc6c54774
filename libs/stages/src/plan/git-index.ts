import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { StagesError } from '../workspace/fault';

/**
 * Which files of a context are executable where the disk does not tell (`core.fileMode` is false, as on
 * the disks of Windows that WSL shows): those that git's index has so, and none that git does not know.
 *
 * @returns undefined where the disk tells: no git is asked then
 * @throws StagesError `CHECK_FAILED` where git cannot be asked
 */
export function executableInIndex(contextDir: string): ((path: string) => boolean) | undefined {
  if (!ignoresFileMode(contextDir)) return undefined;
  const executable = listed(contextDir);
  return (path) => executable.has(path) || executable.has(realPath(contextDir, path));
}

function listed(contextDir: string): Set<string> {
  let text: string;
  try {
    text = execFileSync('git', ['ls-files', '--stage', '-z'], {
      cwd: contextDir,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (cause) {
    throw new StagesError('CHECK_FAILED', {
      message: `core.fileMode is false in this clone, and git does not tell which files are executable`,
      hint: 'Have `git ls-files` work here, or set "modes": "disk" in the options of the plugin',
      cause,
    });
  }
  const entries = text.split('\0').filter((entry) => entry.startsWith('100755 '));
  return new Set(entries.map((entry) => entry.slice(entry.indexOf('\t') + 1)));
}

/** What a path with links in it leads to, relative to the context. */
function realPath(contextDir: string, path: string): string {
  try {
    return relative(realpathSync(contextDir), realpathSync(join(contextDir, path)));
  } catch {
    return path;
  }
}

/** git writes it into the config of every clone, after a try. */
function ignoresFileMode(contextDir: string): boolean {
  const folder = gitFolder(contextDir);
  const config = folder === undefined ? undefined : read(join(folder, 'config'));
  let section = '';
  let isFalse = false;
  for (const line of (config ?? '').split('\n')) {
    section = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1]?.toLowerCase() ?? section;
    const value = section === 'core' && /^\s*filemode\s*=\s*(\S+)/i.exec(line)?.[1];
    if (value) isFalse = /^(false|no|off|0)$/i.test(value);
  }
  return isFalse;
}

/** The folder with the clone's config; a worktree and a submodule name theirs in a file. */
function gitFolder(start: string): string | undefined {
  for (let at = resolve(start); ; at = dirname(at)) {
    const dotGit = join(at, '.git');
    const linked = /^gitdir: (.+)$/m.exec(read(dotGit) ?? '')?.[1];
    const folder = linked === undefined ? dotGit : resolve(at, linked);
    if (read(join(folder, 'HEAD')) !== undefined)
      return join(folder, read(join(folder, 'commondir'))?.trim() ?? '.');
    if (at === dirname(at)) return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
