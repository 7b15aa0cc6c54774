import { ciRef } from './ci';
import { GitFiles } from '../workspace/git-files';
import type { Known } from './known';
import { entriesOf, type Naming } from './naming';
import { versionAt } from './semver';
import { sourceUrl } from './source-url';

/** What tags are made of. */
export interface TagFacts {
  projectName: string;
  /** The commit, in full, that the image is made of as it is. */
  commit: Known<string>;
  branch: Known<string>;
  pullRequest: Known<string>;
  /** Git's tags that this is a build of. */
  gitTags: Known<string[]>;
  /** The project's version, by git's tags or as it is released. */
  version: Known<string>;
  /** When the commit was made: `2026-03-07T14:00:00Z`. */
  committed: Known<string>;
  /** Where the sources are: `https://github.com/team/shop`. */
  source: Known<string>;
  defaultBranch: Known<string>;
  isScheduled: boolean;
  now: Date;
}

export interface FactsOf {
  root: string;
  projectName: string;
  /** The commit that the image is made of as it is; undefined where it is of none. */
  commit: string | undefined;
  /** The tags at the commit, where git's files do not tell. */
  gitTags?: readonly string[];
  /** The time of that commit, where somebody asked git for it. */
  committed?: string | undefined;
  /** The version that is being released. */
  version?: string | undefined;
  env?: NodeJS.ProcessEnv;
  now?: Date;
}

/**
 * What a CI service says goes before what git has checked out: a service checks out a commit, not a
 * branch. Starts no process.
 */
export function tagFacts({ root, projectName, commit, gitTags, ...rest }: FactsOf): TagFacts {
  const { env = process.env, now = new Date(), committed, version } = rest;
  const git = GitFiles.at(root);
  const ci = ciRef(env);
  const isOther = `this is a build of ${describe(ci ?? {})}`;
  const known = <T>(value: T | undefined, why: string): Known<T> =>
    value === undefined ? { why } : { value };
  const isRefKnown = Boolean(ci?.branch ?? ci?.tag ?? ci?.pullRequest);
  const noCommit = git?.commit
    ? 'what the image is made of is not as the commit has it'
    : 'there is no commit of git';
  const readTags = (): Known<string[]> => {
    if (ci?.pullRequest) return { why: isOther };
    if (commit === undefined) return { why: noCommit };
    const tags = ci?.tag === undefined ? (gitTags ?? git?.tagsAtHead() ?? []) : [ci.tag];
    if (tags.length > 0) return { value: [...tags] };
    const shallow = '; this clone is shallow, `git fetch --tags` brings them';
    return { why: `no tag of git is at the commit${git?.isShallow ? shallow : ''}` };
  };
  const readVersion = (): Known<string> => {
    if (version !== undefined) return { value: version };
    const tags = readTags();
    if ('why' in tags) return tags;
    const found = versionAt(tags.value, projectName);
    return 'why' in found ? found : { value: found.value.version };
  };
  const address = ci?.source ?? git?.origin;
  return {
    projectName,
    isScheduled: ci?.isScheduled ?? false,
    now,
    commit: known(commit, noCommit),
    branch: isRefKnown
      ? known(ci?.branch, isOther)
      : known(
          git?.branch,
          git ? 'HEAD is detached and no CI variable names a branch' : 'there is no git',
        ),
    pullRequest: known(
      ci?.pullRequest,
      isRefKnown ? isOther : 'no CI variable names a pull request',
    ),
    // There may be thousands, and few images are named after one.
    get gitTags() {
      return readTags();
    },
    get version() {
      return readVersion();
    },
    committed: known(commit === undefined ? undefined : committed, noCommit),
    source: known(
      address && sourceUrl(address),
      address ? 'the remote origin is a path of this machine' : 'git has no remote origin',
    ),
    defaultBranch: known(
      ci?.defaultBranch ?? git?.defaultBranch,
      'which branch is the default one is not known; `git remote set-head origin -a` finds out',
    ),
  };
}

/** Whether an image may be named after a tag of git. */
export function usesGitTags(naming: Naming): boolean {
  return entriesOf(naming).some((entry) => /semver|match|event=tag|\{\{\s*tag/.test(entry));
}

function describe({ branch, tag, pullRequest }: NonNullable<ReturnType<typeof ciRef>>): string {
  if (pullRequest) return `pull request ${pullRequest}`;
  return tag ? `tag ${tag}` : `branch ${branch}`;
}
