import { headCommit } from './commit';

/** What an image is called: a name, the commit where there is one, its own digest. */
export function imageTags(workspaceRoot: string, digest: string, name?: string): string[] {
  const first = imageTag(name);
  const commit = headCommit(workspaceRoot);
  return [first, ...(commit ? [commit] : []), digest.slice(7, 19)];
}

/** The tag that people use: the one that a target sets, else NX_STAGES_TAG, else `dev`. */
export function imageTag(name?: string): string {
  return name ?? process.env['NX_STAGES_TAG'] ?? 'dev';
}
