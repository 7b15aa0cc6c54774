import { existsSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import type { TrackedFiles } from './tracked-files';

/** The nearest folder at or above `folder` that is a project; the workspace's root does not count. */
export function projectRootAt(tracked: Pick<TrackedFiles, 'kind'>, folder: string): string {
  for (let at = folder; at !== '.'; at = posix.dirname(at)) {
    const marks = ['project.json', 'package.json'];
    if (marks.some((name) => tracked.kind(posix.join(at, name)) === 'file')) return at;
  }
  return folder;
}

/** Whether project.json itself says what it is called. */
export function isNameDeclared(workspaceRoot: string, root: string): boolean {
  const path = join(workspaceRoot, root, 'project.json');
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).name !== undefined;
}

/** As Nx names it: project.json, then package.json, then the folder. */
export function projectNameAt(workspaceRoot: string, root: string): string {
  const read = (file: string) => {
    const path = join(workspaceRoot, root, file);
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  };
  const own = read('project.json')?.name;
  if (own) return own;
  const manifest = read('package.json');
  return manifest?.nx?.name ?? manifest?.name ?? basename(root === '.' ? workspaceRoot : root);
}
