import { tried } from '../shell';
import { workspaceRoot } from '../workspace';

/** Project -> its folder, relative to the workspace. */
type Roots = Record<string, string>;

/** The projects in whose folders the files lie. @param files relative to the workspace */
export function projectsOf(files: readonly string[], roots: Roots): string[] {
  const folders = Object.entries(roots);
  const found = files.flatMap((file) =>
    folders.filter(([, root]) => file.startsWith(`${root}/`)).map(([name]) => name),
  );
  return [...new Set(found)].sort();
}

/** The projects that the last `count` commits have changed; all of them where the history is shorter. */
export async function changedProjects(count: number, roots: Roots): Promise<string[]> {
  const inWorkspace = tried({ cwd: workspaceRoot });
  const { exitCode, stdout } =
    await inWorkspace`git -c core.quotePath=off log --max-count=${count} --format= --name-only --no-renames -z`;
  if (exitCode !== 0) return Object.keys(roots).sort();
  return projectsOf(stdout.split(/[\0\n]/).filter(Boolean), roots);
}
