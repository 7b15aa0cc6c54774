import { accessSync, constants, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, relative } from 'node:path';

/**
 * What a person is told of an error that came of a file system that may not be written to: a checkout
 * mounted read-only, or files that another user owns, as a container leaves them. Undefined for any
 * other error.
 */
export function unwritable(error: unknown): { message: string; hint: string } | undefined {
  const {
    code = '',
    syscall = '',
    path,
    dest,
    cause,
  } = error as NodeJS.ErrnoException & {
    dest?: string;
  };
  const written = dest ?? path;
  if (written === undefined || !syscall) return cause ? unwritable(cause) : undefined;
  const at = nearest(written);
  const reason = code === 'ENOENT' && syscall === 'mkdir' ? denial(at) : code;
  const shown = relative(process.cwd(), at).replace(/^(\.\.\/.*)?$/, at);
  if (reason === 'EROFS') {
    return {
      message: `${shown} cannot be written to, its file system is read-only`,
      hint: 'Builds write to dist: make the workspace writable, or work in a copy (`git worktree add`). docker-explain works without',
    };
  }
  // Denied to be read, as a file that COPY names.
  const isRead = at === written && denial(at, constants.R_OK) !== undefined;
  if (!['EACCES', 'EPERM'].includes(reason ?? '') || isRead) return undefined;
  const { username, uid } = userInfo();
  return {
    message: `${shown} cannot be written to by ${username}`,
    hint: `Take it back from its owner: \`sudo chown -R ${uid} ${shown}\`, or work in a copy (\`git worktree add\`)`,
  };
}

/** The path itself, or what there is of it. */
function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}

/** Why a path may not be used so. Node's recursive mkdir says ENOENT on a read-only file system. */
function denial(path: string, mode = constants.W_OK): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
