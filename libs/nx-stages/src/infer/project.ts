import { basename, posix } from 'node:path';
import type { ProjectFiles } from './project-files';
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
export function isNameDeclared(files: ProjectFiles, root: string): boolean {
  return files.at(posix.join(root, 'project.json'))?.name !== undefined;
}

/** As Nx names it: project.json, then package.json, then the folder. */
export function projectNameAt(files: ProjectFiles, workspaceRoot: string, root: string): string {
  const own = files.at(posix.join(root, 'project.json'))?.name;
  if (own) return own;
  const manifest = files.at(posix.join(root, 'package.json'));
  return manifest?.nx?.name ?? manifest?.name ?? basename(root === '.' ? workspaceRoot : root);
}
