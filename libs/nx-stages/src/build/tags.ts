import { headCommit } from './commit';

/** What an image is called: a name, the commit where there is one, its own digest. */
export function imageTags(workspaceRoot: string, digest: string, name?: string): string[] {
  const first = name ?? process.env['NX_STAGES_TAG'] ?? 'dev';
  const commit = headCommit(workspaceRoot);
  return [first, ...(commit ? [commit] : []), digest.slice(7, 19)];
}
