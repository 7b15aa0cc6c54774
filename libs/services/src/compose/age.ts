import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StagePlanFile } from '@excel2doc/dockerfile';

/**
 * The file of a stage that was changed last after `sinceMs`, or undefined. What counts as its files
 * is what its last plan says.
 */
export async function changedSince(
  contextDir: string,
  plan: Pick<StagePlanFile, 'platforms'>,
  sinceMs: number,
): Promise<string | undefined> {
  const paths = new Set(plan.platforms.flatMap(({ files }) => files.map(({ path }) => path)));
  let newest: { path: string; atMs: number } | undefined;
  for (const path of paths) {
    const atMs = await stat(join(contextDir, path)).then(
      (file) => (file.isFile() ? file.mtimeMs : 0),
      () => 0,
    );
    if (atMs > sinceMs && atMs > (newest?.atMs ?? 0)) newest = { path, atMs };
  }
  return newest?.path;
}
