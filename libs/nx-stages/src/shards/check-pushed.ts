import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix, sep } from 'node:path';
import { platformFolder, type PushedPart, stageFolder, StagesError } from '@excel2doc/stages';
import { readRecords } from './join-shards';
import type { PlanFile } from './plan-file';

export interface CheckOptions {
  plan: PlanFile;
  /** Where the shards' records are. */
  records: string;
  /** Where `docker-push --parts=push` has written down what it pushed. */
  pushed: string;
  say: (line: string) => void;
}

/**
 * Holds what was pushed against what the shards made, and so what their tests saw: what the job that
 * pushes did not find in the cache it has built anew.
 *
 * @throws StagesError `FILE_CHANGED` for the first that no shard made, or of which one made another
 */
export function checkPushed({ plan, records, pushed, say }: CheckOptions): void {
  const made = madeDigests(plan, records);
  const files = filesIn(pushed);
  for (const file of files) {
    const { platform, digest, made: built } = partOf(join(pushed, file));
    const stage = basename(file, `.${platformFolder(platform)}.json`);
    const found = made.get(`${stageFolder(posix.dirname(file), stage)} ${platform}`) ?? new Set();
    const others = [...found].filter((each) => each !== built);
    if (found.size > 0 && others.length === 0) continue;
    const what = others[0] === undefined ? 'which no shard has made' : `and a shard has made ${others[0]}`; // prettier-ignore
    throw new StagesError('FILE_CHANGED', {
      message: `${stage} of ${dirname(file)} for ${platform} was pushed as ${digest}, made as ${built}, ${what}: not all tests have seen what was pushed`,
      hint: 'It has no tag. Run all jobs again, with the cache server there; --targets has to name what builds the images',
    });
  }
  say(
    files.length === 0
      ? 'Nothing was pushed: there is nothing to hold against the shards'
      : `All ${files.length} that were pushed are what the shards made`,
  );
}

/** By a stage's folder and platform, all digests that shards had of it. */
function madeDigests(plan: PlanFile, records: string): Map<string, Set<string>> {
  const made = new Map<string, Set<string>>();
  for (const { id, images = [] } of readRecords(plan, records).flatMap(({ tasks }) => tasks))
    for (const { stage, platform, digest } of images)
      for (const output of plan.tasks[id]?.outputs ?? []) {
        if (basename(output) !== stage) continue;
        const key = `${output} ${platform}`;
        made.set(key, (made.get(key) ?? new Set()).add(digest));
      }
  return made;
}

/** What lies in the registry, and what it was before it was described. */
function partOf(file: string): { platform: string; digest: string; made: string } {
  try {
    const { part } = JSON.parse(readFileSync(file, 'utf8')) as { part: Partial<PushedPart> };
    const { platform, descriptor, made } = part;
    const digest = descriptor?.digest;
    if ([platform, digest, made].every((each) => typeof each === 'string'))
      return { platform: platform!, digest: digest!, made: made! };
  } catch {
    // The same words for all that it is not.
  }
  throw new StagesError('FILE_CHANGED', {
    message: `${file} does not say what was pushed`,
    hint: 'Have `docker-push --parts=push` write it anew',
  });
}

/** Of all folders, with `/` between; none where nothing was pushed. */
function filesIn(folder: string): string[] {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.json')).map((name) => name.split(sep).join('/')).sort(); // prettier-ignore
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
