import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { stringify } from 'yaml';
import { readKeyRing } from '../src/encryption/key-ring';
import { temporaryFolder } from './temporary-folder';
import { teamConfig, type RawConfig } from './test-server';

const rules = [
  { claims: { repository_id: '42', ref: 'refs/heads/main' }, scope: 'main' },
  { claims: { repository_id: '42', ref: 'refs/heads/(?<branch>.+)' }, scope: 'pr-{branch}' },
];
const oidc = [
  { issuer: 'https://token.actions.githubusercontent.com', audience: 'nx-cache', rules },
];

async function check(claims: object | null, changes: Partial<RawConfig> = {}) {
  const folder = await temporaryFolder();
  const { config, tokens } = teamConfig(join(folder, 'data'));
  const file = join(folder, 'cache.yaml');
  await writeFile(file, stringify({ ...config, oidc, ...changes }));
  const claimsFile = join(folder, 'claims.json');
  await writeFile(claimsFile, JSON.stringify(claims));
  const args = ['check-config', '--config', file, ...(claims ? ['--claims', claimsFile] : [])];
  const run = (extra: string[] = []) =>
    spawnSync(process.execPath, [inject('mainFile'), ...args, ...extra], { encoding: 'utf8' });
  return { run, tokens };
}

const job = { iss: oidc[0]!.issuer, aud: 'nx-cache', repository_id: '42' };

describe('check-config', () => {
  it('says what a job would get, and by which rule', async () => {
    const { run } = await check({ ...job, ref: 'refs/heads/功能/登录' });
    const { stdout, status } = run();
    expect(status).toBe(0);
    expect(stdout).toMatch(/Rule 2 .* lets it in/);
    expect(stdout).toMatch(/scope {3}pr-[0-9a-f]{12} \(not trusted\)/);
    expect(stdout).toMatch(/reads {3}pr-[0-9a-f]{12}, then main/);
  });

  it('says of each rule why it keeps a job out', async () => {
    const { run } = await check({ ...job, repository_id: '43', ref: 'refs/heads/main' });
    const { stdout, status } = run();
    expect(status).toBe(1);
    expect(stdout).toContain('rule 1: repository_id is "43", not 42');
    expect(stdout).toContain('rule 2: repository_id is "43", not 42');
  });

  it('says what a token gets, and never shows it', async () => {
    const { run, tokens } = await check(null);
    const known = run(['--token', tokens.pr1]);
    expect(known.stdout).toMatch(/scope {3}pr-1 .*\nreads {3}pr-1, then main\nwrites {2}pr-1/);
    expect(known.stdout).not.toContain(tokens.pr1);
    expect(run(['--token', 'e2d_unknown']).status).toBe(1);
  });

  it('ends with 1 and one line, and what to do, where the server would not start either', async () => {
    const [issuer] = oidc;
    const text = `e2dk_${'A'.repeat(43)}`;
    const { currentId } = readKeyRing([{ text }])!;
    const mistakes: [Partial<RawConfig>, RegExp][] = [
      [{ oidc: [{ ...issuer!, issuer: 'http://ci.example.org' }] }, /over http are anybody's/],
      [{ oidc: [{ ...issuer!, rules: [{ ...rules[0]!, claims: {} }] }] }, /rule 1: no claims/],
      [{ oidc: [{ ...issuer!, rules: [{ ...rules[0]!, scope: 'mian' }] }] }, /no scope mian/],
      [{ oidc: [{ ...issuer!, rules: [{ ...rules[1]!, scope: 'pr-{x}' }] }] }, /group x/],
      [{ encryption: { keys: [{ text }], retired: [currentId] } }, /keys and encryption\.retired/],
    ];
    for (const [changes, message] of mistakes) {
      const { stdout, stderr, status } = (await check(null, changes)).run();
      expect(status, stdout).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n').length, stderr).toBeLessThanOrEqual(2);
      expect(stdout).not.toContain('sound');
    }
  });
});
