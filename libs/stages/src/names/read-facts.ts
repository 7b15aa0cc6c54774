import { commitForTags } from '../workspace/commit';
import type { DockerProject } from '../workspace/docker-project';
import { type TagFacts, tagFacts, usesGitTags } from './facts';
import { GitFiles } from '../workspace/git-files';
import type { Naming } from './naming';

/** What the tags of a project's image are made of; git is asked what its files do not tell. */
export async function readFacts(project: DockerProject, naming: Naming): Promise<TagFacts> {
  const { root } = project;
  const commit = await commitForTags(project);
  const git = GitFiles.at(root);
  const isToldByFiles =
    commit === undefined || !git || !usesGitTags(naming) || git.tagsAtHead() !== undefined;
  return tagFacts({
    ...{ root, projectName: project.project.name, commit },
    ...(!isToldByFiles && { gitTags: await tagsAtHead(root) }),
  });
}

/** As git says itself. */
export async function tagsAtHead(root: string): Promise<string[]> {
  const { execa } = await import('execa');
  const { stdout } = await execa('git', ['tag', '--points-at', 'HEAD'], { cwd: root });
  return stdout.split('\n').filter(Boolean);
}
