import { nameBounds } from './limits';

/**
 * Why Nx must not unpack `path` into a workspace, or null when it may.
 *
 * A path has to be in its plain form (no `.`, no empty part, no slash at the end): what two readers
 * could take for two things is refused. So is a backslash, which separates parts on Windows, and a
 * drive letter. `.git` is never an output, at whatever depth, and what is in it would run.
 */
export function refusedPath(path: string): string | null {
  const bad = refusedText(path);
  if (bad) return bad === 'nothing' ? 'an entry without a name' : `a name with ${bad}`;
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'an absolute path';
  const parts = path.split('/');
  if (parts.length > nameBounds.parts) return `a path of more than ${nameBounds.parts} parts`;
  for (const part of parts) {
    if (part === '..') return 'a path through ..';
    if (part === '' || part === '.') return 'a path that is not in its plain form';
    if (Buffer.byteLength(part) > nameBounds.partBytes)
      return `a name of more than ${nameBounds.partBytes} bytes`;
  }
  if (parts.some(isGitFolder)) return 'a path into .git';
  return null;
}

/**
 * Why a symbolic link at `path` must not point to `target`, or null when it may.
 *
 * A target is let through when it is `../` a number of times and then plain names: a `..` behind a
 * name could climb from wherever that name, being a link itself, leads.
 */
export function refusedLink(path: string, target: string): string | null {
  const bad = refusedText(target);
  if (bad) return bad === 'nothing' ? 'a link without a target' : `a link target with ${bad}`;
  if (target.startsWith('/') || /^[A-Za-z]:/.test(target)) return 'a link to an absolute path';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const firstName = parts.findIndex((part) => part !== '..');
  const climbs = firstName === -1 ? parts.length : firstName;
  if (parts.lastIndexOf('..') >= climbs) return 'a link target with .. behind a name';
  if (climbs > path.split('/').length - 1) return 'a link out of the workspace';
  return null;
}

/**
 * Whether a file system takes this name for `.git`: macOS folds case and passes over characters that
 * show nothing; Windows drops dots and spaces at the end and what follows a colon, and has a short
 * name for it.
 *
 * @see git's own rules, is_hfs_dotgit and is_ntfs_dotgit in its path.c and utf8.c (CVE-2014-9390)
 */
function isGitFolder(part: string): boolean {
  const shown = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '');
  const name = shown
    .split(':', 1)[0]!
    .replace(/[. ]+$/, '')
    .toLowerCase();
  return name === '.git' || name === 'git~1';
}

function refusedText(text: string): string | null {
  if (text === '') return 'nothing';
  if (Buffer.byteLength(text) > nameBounds.pathBytes)
    return `more than ${nameBounds.pathBytes} bytes`;
  // A line break is a new pax record to some readers; the others are for whoever prints the name.
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'a control character';
  if (text.includes('\\')) return 'a backslash';
  return null;
}
