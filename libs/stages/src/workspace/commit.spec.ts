import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkedOutCommit, commitForTags } from './commit';
import { DockerProject } from './docker-project';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'commit-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the commit is read from loose and packed references, and a detached head', () => {
  const git = (file: string, text: string) => {
    mkdirSync(join(folder, '.git', file, '..'), { recursive: true });
    writeFileSync(join(folder, '.git', file), text);
  };
  expect(checkedOutCommit(folder)).toBeUndefined();
  git('HEAD', 'ref: refs/heads/main\n');
  expect(checkedOutCommit(folder)).toBeUndefined();
  git('packed-refs', `# pack\n${'a'.repeat(40)} refs/heads/main\n`);
  expect(checkedOutCommit(folder)).toBe('a'.repeat(12));
  git('refs/heads/main', `${'b'.repeat(40)}\n`);
  expect(checkedOutCommit(folder)).toBe('b'.repeat(12));
  git('HEAD', `${'c'.repeat(40)}\n`);
  expect(checkedOutCommit(folder)).toBe('c'.repeat(12));
});

test('an image has the name of a commit only where all that it is made of is as it is there', async () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const project = new DockerProject(
    { root: folder, name: 'app', folder: 'app' },
    { context: 'app', lockFile: 'lock.json' },
  );
  expect(await commitForTags(project)).toBeUndefined();
  git('init', '--quiet');
  for (const path of ['app/Dockerfile', 'app/a', 'lock.json', 'README.md', '.gitignore'])
    write(path, path === '.gitignore' ? 'ignored' : '');
  git('add', '.');
  expect(await commitForTags(project)).toBeUndefined();
  git('commit', '--quiet', '-m', 'one');
  const commit = git('rev-parse', 'HEAD');
  expect(await commitForTags(project)).toBe(commit);
  // Nothing of what the image is made of.
  write('README.md', 'edited');
  write('app/ignored', '');
  expect(await commitForTags(project)).toBe(commit);
  for (const path of ['app/a', 'app/new', 'app/Dockerfile', 'lock.json']) {
    write(path, 'edited');
    expect(await commitForTags(project), path).toBeUndefined();
    git('add', '.');
    expect(await commitForTags(project), path).toBeUndefined();
    git('reset', '--quiet', '--hard');
    expect(await commitForTags(project), path).toBe(commit);
  }
  // What says how it is built; and all, where others make what it copies.
  const asked = (others: boolean) =>
    new DockerProject(
      {
        root: folder,
        name: 'app',
        folder: 'app',
        madeOf: () => ({ files: ['compose.yaml'], others }),
      },
      { context: 'app', lockFile: 'lock.json' },
    );
  write('README.md', 'edited');
  expect(await commitForTags(asked(false))).toBe(commit);
  expect(await commitForTags(asked(true))).toBeUndefined();
  git('reset', '--quiet', '--hard');
  expect(await commitForTags(asked(true))).toBe(commit);
  for (const path of ['compose.yaml', 'nx.json', 'app/project.json']) {
    write(path, '{}');
    expect(await commitForTags(asked(false)), path).toBeUndefined();
    rmSync(join(folder, path));
  }
});
