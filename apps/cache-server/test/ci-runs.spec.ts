import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startIssuer, type TestIssuer } from './issuer';
import { nxWorkspace, type NxWorkspace } from './nx-workspace';
import { serverProcess, type ServerProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';

const nx = '23.2.1';
const made = (workspace: NxWorkspace) =>
  readFile(join(workspace.folder, 'dist/p0/out.txt'), 'utf8');

/** The hashes that a scope holds. */
async function stored(folder: string, scope: string): Promise<string[]> {
  const names = await readdir(join(folder, 'data/entries', scope), { recursive: true });
  return names.flatMap((name) => name.split('/')[1] ?? []).sort();
}

describe('the poisoning attack (CVE-2025-36852), played with Nx itself', () => {
  it('gives a pull request its own entry, under the hash of which main makes an honest one', async () => {
    const folder = await temporaryFolder();
    const { url, tokens } = await serverProcess(folder);
    const workspace = await nxWorkspace(nx, 1);
    const run = async (token: string, more: NodeJS.ProcessEnv = {}) => {
      await workspace.forget();
      const { status, output } = await workspace.start([workspace.nxFile, 'run', 'p0:build'], {
        NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
        NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
        ...more,
      }).ended;
      expect(status).toBe(0);
      return { output, file: await made(workspace) };
    };
    expect((await run(tokens.pr1, { POISON: 'steal' })).file).toMatch(/^steal 0/);
    const main = await run(tokens.main);
    expect(main.output).not.toMatch(/remote cache/);
    expect(main.file).toMatch(/^out 0/);
    expect(await stored(folder, 'main')).toEqual(await stored(folder, 'pr-1'));

    for (const token of [tokens.main, tokens.laptop, tokens.pr2]) {
      const later = await run(token);
      expect(later.output).toMatch(/remote cache/);
      expect(later.file).toMatch(/^out 0/);
    }
  });
});

describe('a CI job without a secret', () => {
  const main = { ref: 'refs/heads/main', event_name: 'push' };
  const pull = { ref: 'refs/pull/7/merge', event_name: 'pull_request' };
  const rulesOf = (issuer: string) => [
    {
      issuer,
      audience: 'nx-cache',
      rules: [
        { claims: { repository: 'acme/app', ...main }, scope: 'main' },
        {
          claims: { repository: 'acme/app', ref: 'refs/pull/(?<number>\\d+)/merge' },
          scope: 'pr-{number}',
        },
        { claims: { project_path: 'acme/app', ref: 'main', ref_protected: 'true' }, scope: 'main' },
        { claims: { project_path: 'acme/app', ref: '(?<branch>.+)' }, scope: 'pr-{branch}' },
      ],
    },
  ];

  async function set(): Promise<{ issuer: TestIssuer; folder: string; server: ServerProcess }> {
    const issuer = await startIssuer();
    onTestFinished(issuer.close);
    const folder = await temporaryFolder();
    const server = await serverProcess(folder, { oidc: rulesOf(issuer.url) });
    return { issuer, folder, server };
  }

  async function job(workspace: NxWorkspace, upstream: string, environment: NodeJS.ProcessEnv) {
    await workspace.forget();
    const command = [process.execPath, workspace.nxFile, 'run', 'p0:build'];
    return workspace.start([inject('mainFile'), 'edge', '--upstream', upstream, '--', ...command], {
      XDG_CACHE_HOME: await temporaryFolder(),
      EXCEL2DOC_CACHE_TOKEN: '',
      NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: '',
      ...environment,
    }).ended;
  }

  it('of GitHub is let in by the token that the edge asks for', async () => {
    const { issuer, folder, server } = await set();
    const workspace = await nxWorkspace(nx, 1);
    const as = (claims: object) =>
      job(workspace, server.url, issuer.githubJob({ repository: 'acme/app', ...claims }));
    expect((await as(pull)).status).toBe(0);
    expect(await stored(folder, 'pr-7')).toHaveLength(1);
    expect((await as(main)).output).not.toMatch(/remote cache/);
    expect(await stored(folder, 'main')).toHaveLength(1);
    const other = await as({ ...pull, ref: 'refs/pull/8/merge' });
    expect(other.output).toMatch(/remote cache/);
    expect(other.status).toBe(0);
  });

  it('of GitLab is let in by the token in its environment', async () => {
    const { issuer, folder, server } = await set();
    const workspace = await nxWorkspace(nx, 1);
    const as = async (claims: object) => {
      const token = await issuer.sign({ project_path: 'acme/app', ...claims });
      return job(workspace, server.url, { EXCEL2DOC_CACHE_TOKEN: token });
    };
    expect((await as({ ref: 'main', ref_protected: 'true' })).status).toBe(0);
    expect(await stored(folder, 'main')).toHaveLength(1);
    const branch = await as({ ref: 'Feature/X', ref_protected: 'false' });
    expect(branch.output).toMatch(/remote cache/);
    expect(branch.status).toBe(0);
  });
});
