import { git } from './git';
import { GitFiles } from './git-files';
import type { DockerProject } from './docker-project';

/** The commit that is checked out, in twelve letters. Starts no process. */
export function checkedOutCommit(workspaceRoot: string): string | undefined {
  return GitFiles.at(workspaceRoot)?.commit?.slice(0, 12);
}

type Made = Pick<
  DockerProject,
  'root' | 'dockerfile' | 'lockFile' | 'options' | 'project' | 'variant'
>;

/**
 * The commit, in full, that an image may be named after: none where a file of its context, its Dockerfile,
 * the lock, or what says how it is built is not as it is in that commit. Two clones would give one name to
 * two images. Where other targets make some of it, nobody knows of what: then the whole workspace counts.
 */
export async function commitForTags(project: Made): Promise<string | undefined> {
  const commit = GitFiles.at(project.root)?.commit;
  if (commit === undefined) return undefined;
  const { files = [], others = false } = project.project.madeOf?.(project.variant) ?? {};
  const own = [project.options.context, project.dockerfile, project.lockFile];
  const paths = others ? ['.'] : [...own, project.project.folder, 'nx.json', ...files];
  const asked = ['--no-optional-locks', '--literal-pathspecs', 'status', '--porcelain', '--'];
  // Where git cannot tell, it is not known to be as it was.
  const changes = await git([...asked, ...paths], project.root).catch(() => undefined);
  return changes === '' ? commit : undefined;
}
