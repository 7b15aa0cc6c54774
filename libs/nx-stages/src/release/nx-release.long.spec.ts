// Takes 60 s.
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const workspace = new NxWorkspace();
let registry: string;

const nxJson = (host: string) =>
  JSON.stringify({
    analytics: false,
    cacheDirectory: '.nx/cache',
    plugins: [
      {
        plugin: '@excel2doc/nx-stages',
        options: { imageName: 'team/{projectName}', registry: host, release: true },
      },
    ],
    release: {
      projects: ['api', 'web', 'base'],
      projectsRelationship: 'independent',
      version: {
        versionActions: '@excel2doc/nx-stages/release/version-actions',
        conventionalCommits: true,
      },
      changelog: {
        projectChangelogs: { renderer: '@excel2doc/nx-stages/release/changelog-renderer' },
      },
    },
  });

beforeAll(async () => {
  await workspace.start({
    'base/Dockerfile': 'FROM scratch AS runner\nCOPY base.txt /\n',
    'base/base.txt': 'base\n',
    'api/Dockerfile': 'FROM team/base:dev AS runner\nCOPY package.json main.txt /\n',
    'api/package.json': '{\n  "name": "api",\n  "private": true,\n    "version": "0.3.0"\n}\n',
    'api/main.txt': 'one\n',
    'web/Dockerfile': 'FROM scratch AS runner\nCOPY index.html /\n',
    'web/index.html': 'one\n',
  });
});
afterAll(() => workspace.remove());

async function release(...args: string[]) {
  const { status, output } = await workspace.nx('release', ...args);
  const tags = (await workspace.git('tag', '--list')).split('\n').filter(Boolean);
  return { status, output, tags };
}

async function commit(message: string, edit: () => void): Promise<void> {
  edit();
  await workspace.git('add', '-A');
  await workspace.git('commit', '-qm', message);
}

const at = (name: string) => repositoryAt(`${registry}/team/${name}`);

test('nx release: versions, change logs with digests, tags of git, images of what changed alone', async () => {
  registry = await realRegistry();
  await commit('feat: start', () => {
    workspace.write({ 'nx.json': nxJson(registry) });
    for (const file of ['base/base.txt', 'api/main.txt', 'web/index.html']) workspace.append(file);
  });

  const dry = await release('--first-release', '--dry-run', '--yes');
  expect(dry.status, dry.output).toBe(0);
  expect(dry.output).toContain(`Image ${registry}/team/api:0.3.1`);
  expect(dry.tags).toEqual([]);
  expect(await at('api').resolve('0.3.1')).toBeNull();

  const first = await release('--first-release', '--yes');
  expect(first.status, first.output).toBe(0);
  expect(first.tags).toEqual(['api@0.3.1', 'base@0.0.1', 'web@0.0.1']);
  const digest = await at('api').resolve('0.3.1');
  expect(digest).not.toBeNull();
  const named = `\`${registry}/team/api:0.3.1@${digest}\``;
  expect(workspace.read('api/CHANGELOG.md')).toContain(named);
  expect(workspace.read('web/CHANGELOG.md')).toContain(`${await at('web').resolve('0.0.1')}`);
  // Only the version changed, not how the file is written.
  expect(workspace.read('api/package.json')).toContain('    "version": "0.3.1"\n');
  expect(await workspace.git('status', '--porcelain')).toBe('');

  await commit('fix: web', () => workspace.append('web/index.html'));
  const second = await release('--yes');
  expect(second.status, second.output).toBe(0);
  expect(second.tags).toEqual(['api@0.3.1', 'base@0.0.1', 'web@0.0.1', 'web@0.0.2']);
  expect(second.output).toMatch(/team\/web@sha256:[0-9a-f]{64} as 0\.0\.2/);
  expect(second.output).toContain('api: it got no new version; nothing is pushed');
  expect(await at('web').resolve('0.0.2')).not.toBe(await at('web').resolve('0.0.1'));

  // By itself, as a job of CI for a tag: what the commit is tagged with.
  const again = await release('publish');
  expect(again.status, again.output).toBe(0);
  expect(again.output).toMatch(/0 blobs sent .*\n.*team\/web@sha256:[0-9a-f]{64} as 0\.0\.2/);
  expect(again.output).toContain('api: web@0.0.2: no version; nothing is pushed');

  // The change log names a digest: nothing else may be given its version.
  workspace.append('web/index.html', 'edited since\n');
  const edited = await release('publish');
  expect(edited.status).not.toBe(0);
  expect(edited.output).toMatch(
    /team\/web:0\.0\.2 is sha256:.* now, and the change log says sha256:/,
  );
  await workspace.git('checkout', '-q', 'web');

  // What is built on an image that is released is released with it.
  await commit('fix: base', () => workspace.append('base/base.txt'));
  const third = await release('--yes');
  expect(third.status, third.output).toBe(0);
  expect(third.tags).toEqual(expect.arrayContaining(['api@0.3.2', 'base@0.0.2']));
  expect(workspace.read('api/CHANGELOG.md')).toContain(`${await at('api').resolve('0.3.2')}`);
});

test('where nobody says where to push to, nothing is given a version', async () => {
  await commit('fix: nowhere', () => {
    workspace.write({ 'nx.json': nxJson('').replace('"registry":"",', '') });
    workspace.append('web/index.html');
  });
  const { status, output } = await release('--yes');
  expect(status).not.toBe(0);
  expect(output).toMatch(/team\/\w+: nobody says where to push it/);
  expect(await workspace.git('status', '--porcelain')).toBe('');
});
