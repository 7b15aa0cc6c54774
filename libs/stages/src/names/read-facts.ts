import { commitForTags } from '../workspace/commit';
import type { DockerProject } from '../workspace/docker-project';
import { type TagFacts, tagFacts, usesGitTags } from './facts';
import { git } from '../workspace/git';
import { GitFiles } from '../workspace/git-files';
import type { Describing } from './describing';
import { describesGitTags, usesCommitDate } from './description';
import type { Naming } from './naming';

/**
 * What the tags and labels of a project's image are made of; git is asked what its files do not tell.
 *
 * @param version that is being released
 */
export async function readFacts(
  project: DockerProject,
  naming: Naming & Describing,
  version?: string,
): Promise<TagFacts> {
  const { root } = project;
  const commit = await commitForTags(project);
  const files = GitFiles.at(root);
  const isAsked = usesGitTags(naming) || describesGitTags(naming);
  const isToldByFiles =
    commit === undefined || !files || !isAsked || files.tagsAtHead() !== undefined;
  return tagFacts({
    root,
    projectName: project.project.name,
    commit,
    version,
    ...(!isToldByFiles && { gitTags: await tagsAtHead(root) }),
    ...(commit && usesCommitDate(naming) && { committed: await commitTime(root, commit) }),
  });
}

/** In UTC: a commit is made in the time zone of whoever makes it. */
async function commitTime(root: string, commit: string): Promise<string> {
  const seconds = await git(['show', '-s', '--format=%ct', commit], root);
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

/** As git says itself. */
export async function tagsAtHead(root: string): Promise<string[]> {
  const tags = await git(['tag', '--points-at', 'HEAD'], root);
  return tags.split('\n').filter(Boolean);
}
