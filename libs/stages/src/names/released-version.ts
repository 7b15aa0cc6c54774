import { tagFacts } from './facts';
import { GitFiles } from '../workspace/git-files';
import { tagsAtHead } from './read-facts';
import type { Known } from './known';
import { versionAt } from './semver';

/** The version of a project that a tag of git at the commit says; why there is none, where it is so. */
export async function releasedVersion(root: string, projectName: string): Promise<Known<string>> {
  const git = GitFiles.at(root);
  const commit = git?.commit;
  const isTold = !git || git.tagsAtHead() !== undefined;
  const gitTags = isTold ? undefined : await tagsAtHead(root);
  const facts = tagFacts({ root, projectName, commit, ...(gitTags && { gitTags }) }).gitTags;
  if ('why' in facts) return facts;
  const found = versionAt(facts.value, projectName);
  return 'why' in found ? found : { value: found.value.version };
}
