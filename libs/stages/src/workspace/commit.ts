import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DockerProject } from './docker-project';

/** The commit that is checked out, read from git's files: a process would cost more than the rest. */
export function checkedOutCommit(workspaceRoot: string): string | undefined {
  const read = (...path: string[]) => {
    try {
      return readFileSync(join(...path), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const dotGit = join(workspaceRoot, '.git');
  // In a worktree .git is a file that names the folder.
  const linked = /^gitdir: (.+)$/.exec(read(dotGit) ?? '')?.[1];
  const folder = linked === undefined ? dotGit : resolve(workspaceRoot, linked);
  const head = read(folder, 'HEAD');
  const reference = /^ref: (.+)$/.exec(head ?? '')?.[1];
  if (!reference) return head?.slice(0, 12);
  const common = join(folder, read(folder, 'commondir') ?? '.');
  const loose = read(common, reference);
  if (loose) return loose.slice(0, 12);
  const packed = read(common, 'packed-refs')?.split('\n');
  return packed?.find((line) => line.endsWith(` ${reference}`))?.slice(0, 12);
}

type Made = Pick<DockerProject, 'root' | 'dockerfile' | 'lockFile' | 'options'>;

/**
 * The commit that an image may be named after: none where a file of its context, its Dockerfile or
 * the lock is not as it is in that commit. Two clones would give one name to two images.
 */
export async function commitForTags(project: Made): Promise<string | undefined> {
  const commit = checkedOutCommit(project.root);
  if (commit === undefined) return undefined;
  const { execa } = await import('execa');
  const paths = [project.options.context, project.dockerfile, project.lockFile];
  const { failed, stdout } = await execa(
    'git',
    ['--no-optional-locks', '--literal-pathspecs', 'status', '--porcelain', '--', ...paths],
    { cwd: project.root, reject: false, stdin: 'ignore' },
  );
  return failed || stdout !== '' ? undefined : commit;
}
