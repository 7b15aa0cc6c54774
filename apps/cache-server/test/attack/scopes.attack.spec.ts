// Takes 20 s.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { holdsSame, nxArchive } from '../archive';
import { startIssuer } from '../issuer';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { bytesOf, get, put, teamConfig } from '../test-server';

/** Branches that fold to one another, are called as what is ours, or as nothing that a disk takes. */
const branches = [
  'main', 'Main', 'MAIN', 'maın', 'ｍain', 'main ', ' main', 'main/', '/main', './main', '../main', '..', '.', '...',
  'main\u0000', 'main\n', 'main\u200b', 'mäin', 'ma\u0308in', 'feature/x', 'feature-x', 'feature_x', 'feature.x', 'Feature/X',
  'feature//x', 'feature--x', '-feature-x', 'feature-x-', '功能/登录', '功能/支付', '登录', 'é', 'e\u0301', 'ﬁx', 'fix', 'ẞ', 'ß', 'ss',
  'a'.repeat(32), 'a'.repeat(33), 'a'.repeat(250), `${'a'.repeat(250)}b`, 'incoming', 'quarantine', 'keys', 'pending', '.keys', 'journal.jsonl',
  'con', 'nul', '__proto__', 'constructor', 'toString', 'pr-1', 'branch-main', '*', 'branch-*', '%2e%2e', '${HOME}', '{branch}', '0', '00', 'null',
] as const; // prettier-ignore

it('no two branches share a scope, and none is main’s or leaves its folder', async () => {
  const issuer = await startIssuer();
  onTestFinished(issuer.close);
  const folder = await temporaryFolder();
  const known = teamConfig(join(folder, 'data'));
  const rules = [{ claims: { repository_id: '42', ref: 'refs/heads/(?<branch>[^]+)' }, scope: 'branch-{branch}' }]; // prettier-ignore
  const scopes = { ...known.config.scopes, 'branch-*': { parents: ['main'] } };
  const oidc = [{ issuer: issuer.url, audience: 'nx-cache', rules }];
  const { url, tokens } = await serverProcess(folder, { oidc, scopes }, known);
  const jobs = await Promise.all(
    branches.map(async (branch) => ({
      branch,
      token: await issuer.sign({ repository_id: '42', ref: `refs/heads/${branch}` }),
      archive: await nxArchive({ 'dist/a': `by ${branch}` }),
    })),
  );
  for (const { branch, token, archive } of jobs)
    expect((await put(url, token, '1', archive)).status, JSON.stringify(branch)).toBe(200);
  for (const { branch, token, archive } of jobs) {
    const own = await bytesOf(await get(url, token, '1'));
    expect(await holdsSame(own, archive), JSON.stringify(branch)).toBe(true);
  }
  expect((await get(url, tokens.main, '1')).status).toBe(404);
  const made = await readdir(join(folder, 'data/entries'));
  expect(new Set(made.map((name) => name.normalize('NFKC').toLowerCase())).size).toBe(branches.length); // prettier-ignore
  expect(made.filter((name) => !/^branch-[a-z0-9]/.test(name))).toEqual([]);
  // Nor is what it writes under made-up names found elsewhere.
  const headers = { authorization: `Bearer ${jobs[0]!.token}` };
  const archive = await nxArchive({ 'dist/a': 'x' });
  for (const hash of [
    '..%2f..%2fmain%2f12%2f12',
    '%2e%2e',
    '.',
    '1%00',
    '1%2f2',
    '-1',
    'a'.repeat(129),
    'a'.repeat(5_000),
    '１',
  ])
    for (const method of ['PUT', 'GET', 'DELETE', 'HEAD']) {
      const body = method === 'PUT' ? { body: new Uint8Array(archive) } : {};
      const { status } = await fetch(`${url}/v1/cache/${hash}`, { method, headers, ...body });
      expect([400, 404], `${method} ${hash}: ${status}`).toContain(status);
    }
  expect((await readdir(join(folder, 'data'))).sort()).toEqual(['entries', 'incoming', 'journal.jsonl']); // prettier-ignore
}, 180_000);

it('a pull request that fills the disk takes no room of main’s, nor of another’s share', async () => {
  const folder = await temporaryFolder();
  const known = teamConfig(join(folder, 'data'));
  const keep = { maxBytes: 12_000_000, checkEveryMs: 50 };
  const { url, tokens } = await serverProcess(folder, { keep }, known);
  const archive = await nxArchive({ 'dist/a': randomBytes(500_000) });
  const there = async (token: string, hashes: string[]) => {
    const statuses = await Promise.all(
      hashes.map((hash) => fetch(`${url}/v1/cache/${hash}`, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })), // prettier-ignore
    );
    return statuses.filter(({ status }) => status === 200).length;
  };
  const of = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}${at}`); // prettier-ignore
  for (const hash of of('m', 16)) expect((await put(url, tokens.main, hash, archive)).status).toBe(200); // prettier-ignore
  for (const hash of of('p', 2)) expect((await put(url, tokens.pr2, hash, archive)).status).toBe(200); // prettier-ignore
  for (const hash of of('x', 40)) expect((await put(url, tokens.pr1, hash, archive)).status).toBe(200); // prettier-ignore
  // A fifth of the whole is 2.4 MB.
  await expect.poll(() => there(tokens.pr1, of('x', 40))).toBeLessThanOrEqual(4);
  expect(await there(tokens.main, of('m', 16))).toBe(16);
  expect(await there(tokens.pr2, of('p', 2))).toBe(2);
}, 180_000);
