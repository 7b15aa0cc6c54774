import { posix } from 'node:path';
import { isNameDeclared, projectNameAt } from './project';
import type { ProjectFiles } from './project-files';
import { uniqueNames } from './unique-names';

/** The names of the projects that have a Dockerfile, by root. */
export function projectNames(
  files: ProjectFiles,
  workspaceRoot: string,
  { roots, projectFiles }: { roots: readonly string[]; projectFiles: readonly string[] },
): Map<string, string> {
  const read = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch {
      // Nx says of a project file what is wrong with it.
      return undefined;
    }
  };
  const withImages = new Set(roots);
  const candidates = roots.flatMap((root) => {
    const name = read(() => projectNameAt(files, workspaceRoot, root));
    const isDeclared = read(() => isNameDeclared(files, root)) ?? false;
    return name === undefined ? [] : { root, name, isDeclared };
  });
  const others = new Map<string, string>();
  // Each of hundreds of project files is read only where a name might be one of theirs.
  if (candidates.some(({ isDeclared }) => !isDeclared))
    for (const root of new Set(projectFiles.map((file) => posix.dirname(file)))) {
      if (withImages.has(root)) continue;
      const name = read(() => projectNameAt(files, workspaceRoot, root));
      if (name !== undefined) others.set(root, name);
    }
  return uniqueNames(candidates, others);
}
