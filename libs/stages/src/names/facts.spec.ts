import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tagFacts } from './facts';
import { GitFiles } from '../workspace/git-files';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'facts-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main'];
  return execFileSync('git', [...who, ...args], { cwd: folder, encoding: 'utf8' }).trim();
}

function commit(text: string): string {
  writeFileSync(join(folder, 'a'), text);
  git('add', '.');
  git('commit', '--quiet', '-m', text);
  return git('rev-parse', 'HEAD');
}

const factsIn = (env: NodeJS.ProcessEnv = {}) => {
  const head = GitFiles.at(folder)?.commit;
  return tagFacts({ root: folder, projectName: 'api', commit: head, env });
};

test('branch and tags are read from git: loose, packed, with a message and without', () => {
  git('init', '--quiet');
  commit('one');
  git('tag', 'v0.9.0');
  const head = commit('two');
  git('checkout', '--quiet', '-b', 'feature/login');
  git('tag', 'v1.0.0');
  git('tag', '-a', 'api@1.0.0', '-m', 'with a message');
  const tags = { value: ['api@1.0.0', 'v1.0.0'] };
  expect(factsIn()).toMatchObject({ branch: { value: 'feature/login' }, commit: { value: head } });
  expect(factsIn().gitTags).toEqual(tags);
  git('pack-refs', '--all');
  git('gc', '--quiet');
  expect(factsIn().gitTags).toEqual(tags);
  expect(factsIn()).toMatchObject({ branch: { value: 'feature/login' }, commit: { value: head } });
});

test('a tag whose object lies in a pack is asked for, not guessed', () => {
  git('init', '--quiet');
  commit('one');
  git('tag', '-a', 'v1.0.0', '-m', 'with a message');
  const object = git('rev-parse', 'v1.0.0');
  git('gc', '--quiet');
  git('update-ref', '-d', 'refs/tags/v1.0.0');
  writeFileSync(join(folder, '.git/refs/tags/v1.0.0'), `${object}\n`);
  expect(GitFiles.at(folder)?.tagsAtHead()).toBeUndefined();
});

test('a detached head, a shallow clone, a folder below and no git at all are told apart', () => {
  expect(factsIn()).toMatchObject({ branch: { why: 'there is no git' } });
  expect(factsIn().commit).toEqual({ why: 'there is no commit of git' });
  git('init', '--quiet');
  const first = commit('one');
  git('checkout', '--quiet', '--detach');
  expect(factsIn().branch).toEqual({ why: expect.stringContaining('HEAD is detached') });
  expect(factsIn().gitTags).toEqual({ why: 'no tag of git is at the commit' });
  writeFileSync(join(folder, '.git/shallow'), `${first}\n`);
  expect(factsIn().gitTags).toEqual({ why: expect.stringContaining('git fetch --tags') });
});

test('a workspace may lie below its repository, and be a worktree', () => {
  git('init', '--quiet');
  const head = commit('one');
  git('worktree', 'add', '--quiet', '-b', 'other', join(folder, 'tree'));
  const [below, tree] = [
    GitFiles.at(join(folder, 'sub/project')),
    GitFiles.at(join(folder, 'tree')),
  ];
  expect([below?.commit, below?.branch]).toEqual([head, 'main']);
  expect([tree?.commit, tree?.branch]).toEqual([head, 'other']);
});

test('the default branch and the address are those of origin', () => {
  git('init', '--quiet');
  commit('one');
  expect(factsIn().defaultBranch).toEqual({ why: expect.stringContaining('set-head') });
  git('remote', 'add', 'origin', 'https://git.example.com/team/shop.git');
  git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
  expect(factsIn().defaultBranch).toEqual({ value: 'trunk' });
  expect(GitFiles.at(folder)?.origin).toBe('https://git.example.com/team/shop.git');
});

test('the source is what CI says, else the address of origin, without who is let in', () => {
  git('init', '--quiet');
  commit('one');
  expect(factsIn().source).toEqual({ why: 'git has no remote origin' });
  git('remote', 'add', 'origin', 'https://token:s3cret@git.example.com/team/shop.git');
  expect(factsIn().source).toEqual({ value: 'https://git.example.com/team/shop' });
  const services: [NodeJS.ProcessEnv, string][] = [
    [{ GITHUB_REF: 'refs/heads/a', GITHUB_REPOSITORY: 't/s' }, 'https://github.com/t/s'],
    [
      { GITLAB_CI: 'true', CI_PROJECT_URL: 'https://gl.example.com/t/s' },
      'https://gl.example.com/t/s',
    ],
    [{ CI: 'woodpecker', CI_REPO_URL: 'https://wp.example.com/t/s' }, 'https://wp.example.com/t/s'],
  ];
  for (const [env, value] of services) expect(factsIn(env).source).toEqual({ value });
  git('remote', 'set-url', 'origin', '/srv/git/shop.git');
  expect(factsIn().source).toEqual({ why: 'the remote origin is a path of this machine' });
});

test('the version is the one at the commit, or the one that is being released; a time is of a commit', () => {
  git('init', '--quiet');
  const head = commit('one');
  git('tag', 'v1.2.3');
  const of = { root: folder, projectName: 'api', commit: head, env: {} };
  expect(tagFacts(of).version).toEqual({ value: '1.2.3' });
  expect(tagFacts({ ...of, version: '2.0.0' }).version).toEqual({ value: '2.0.0' });
  const committed = '2026-03-07T14:00:00Z';
  expect(tagFacts({ ...of, committed }).committed).toEqual({ value: committed });
  expect(tagFacts({ ...of, commit: undefined, committed }).committed).toHaveProperty('why');
});

const GITLAB = { GITLAB_CI: 'true' };
const WOODPECKER = { CI: 'woodpecker', CI_COMMIT_BRANCH: 'main' };
test.each<[string, NodeJS.ProcessEnv, object]>([
  ['GitHub, a branch', { GITHUB_REF: 'refs/heads/a/b' }, { branch: { value: 'a/b' } }],
  ['GitHub, a tag', { GITHUB_REF: 'refs/tags/v1' }, { gitTags: { value: ['v1'] } }],
  ['GitHub, a pull request', { GITHUB_REF: 'refs/pull/2/merge' }, { pullRequest: { value: '2' } }],
  [
    'GitHub, a schedule',
    { GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_NAME: 'schedule' },
    { isScheduled: true },
  ],
  ['GitLab, a branch', { ...GITLAB, CI_COMMIT_BRANCH: 'x' }, { branch: { value: 'x' } }],
  ['GitLab, a tag', { ...GITLAB, CI_COMMIT_TAG: 'v1' }, { gitTags: { value: ['v1'] } }],
  [
    'GitLab, a merge request',
    { ...GITLAB, CI_MERGE_REQUEST_IID: '7' },
    { pullRequest: { value: '7' }, branch: { why: 'this is a build of pull request 7' } },
  ],
  ['Woodpecker, a tag', { ...WOODPECKER, CI_COMMIT_TAG: 'v1' }, { gitTags: { value: ['v1'] } }],
  [
    'Woodpecker, a pull request',
    { ...WOODPECKER, CI_COMMIT_PULL_REQUEST: '3' },
    { pullRequest: { value: '3' }, branch: { why: 'this is a build of pull request 3' } },
  ],
  ['Jenkins', { JENKINS_URL: 'x', BRANCH_NAME: 'main' }, { branch: { value: 'main' } }],
  ['Azure', { BUILD_SOURCEBRANCH: 'refs/heads/main' }, { branch: { value: 'main' } }],
  ['Bitbucket', { BITBUCKET_BUILD_NUMBER: '1', BITBUCKET_BRANCH: 'b' }, { branch: { value: 'b' } }],
  ['CircleCI', { CIRCLECI: 'true', CIRCLE_TAG: 'v1' }, { gitTags: { value: ['v1'] } }],
  ['a service that says nothing', { CI: 'true' }, { branch: { value: 'main' } }],
])('%s', (_, env, expected) => {
  git('init', '--quiet');
  commit('one');
  expect(factsIn(env)).toMatchObject(expected);
});
