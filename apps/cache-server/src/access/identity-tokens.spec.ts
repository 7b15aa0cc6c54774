import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { nxArchive } from '../../test/archive';
import { startIssuer, type TestIssuer } from '../../test/issuer';
import { get, put, testServer, type RawConfig } from '../../test/test-server';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer();
});

afterAll(() => issuer.close());

const push = { repository: 'acme/app', ref: 'refs/heads/main', event_name: 'push' };
const pullRequest = {
  repository: 'acme/app',
  ref: 'refs/pull/12/merge',
  event_name: 'pull_request',
};
const mergeRequest = {
  project_path: 'acme/app',
  ref: 'Feature/X',
  ref_type: 'branch',
  ref_protected: 'false',
};

function oidc(): RawConfig['oidc'] {
  return [
    {
      issuer: issuer.url,
      audience: 'nx-cache',
      rules: [
        {
          claims: { repository: 'acme/app', ref: 'refs/heads/main', event_name: 'push' },
          scope: 'main',
        },
        {
          claims: { repository: 'acme/app', ref: 'refs/pull/(?<number>\\d+)/merge' },
          scope: 'pr-{number}',
        },
        { claims: { project_path: 'acme/app', ref_protected: 'true' }, scope: 'main' },
        { claims: { project_path: 'acme/app', ref: '(?<branch>.+)' }, scope: 'pr-{branch}' },
        {
          claims: { repository: 'acme/sloppy', ref: 'refs/heads/(?<branch>.+)' },
          scope: 'pr-{branch}',
        },
      ],
    },
  ];
}

const sign: TestIssuer['sign'] = (...of) => issuer.sign(...of);

describe('CI identity tokens', () => {
  it('of a push to main write what everybody reads', async () => {
    const { url, tokens } = await testServer({ oidc: oidc() });
    expect((await put(url, await sign(push), '1', await nxArchive({}))).status).toBe(200);
    expect((await get(url, tokens.main, '1')).status).toBe(200);
  });

  it('of a pull request or a branch write only to a scope of their own', async () => {
    const { url, tokens } = await testServer({ oidc: oidc() });
    for (const [at, claims] of [pullRequest, mergeRequest].entries()) {
      const token = await sign(claims);
      expect((await put(url, token, `1${at}`, await nxArchive({}))).status).toBe(200);
      expect((await get(url, token, `1${at}`)).status).toBe(200);
      expect((await get(url, tokens.main, `1${at}`)).status).toBe(404);
    }
  });

  it('are believed by keys that came over https, or from this machine, alone', async () => {
    // The issuer's own document names them elsewhere, over http: whoever is in between makes them.
    const careless = await startIssuer('127.0.0.2');
    onTestFinished(() => careless.close());
    const [trusting] = oidc()!;
    const { url } = await testServer({ oidc: [{ ...trusting!, issuer: careless.url }] });
    expect((await get(url, await careless.sign(push), '1')).status).toBe(401);
    expect(careless.asked()).toBe(1);
  });

  it('cannot name a branch so that it becomes a trusted scope', async () => {
    const scopes = {
      main: { trusted: true },
      'pr-*': { parents: ['main'] },
      'pr-release': { trusted: true },
      'dev-laptop': { parents: ['main'] },
    };
    const { url } = await testServer({ oidc: oidc(), scopes });
    const other = await sign({ repository: 'acme/sloppy', ref: 'refs/heads/other' });
    expect((await put(url, other, '1', await nxArchive({}))).status).toBe(200);
    const sloppy = await sign({ repository: 'acme/sloppy', ref: 'refs/heads/release' });
    expect((await put(url, sloppy, '1', await nxArchive({}))).status).toBe(401);
  });

  it('are refused when forged, expired, meant for another audience or of no known repository', async () => {
    const { url } = await testServer({ oidc: oidc() });
    const forger = await generateKeyPair('RS256');
    const bad = [
      await sign(push, { key: forger.privateKey }),
      await sign(push, { exp: '-5m' }),
      await sign(push, { audience: 'somebody-else' }),
      await sign(push, { iss: 'http://127.0.0.1:9' }),
      await sign({ ...push, repository: 'acme/app2' }),
      await sign({ ...push, repository: 'evil/acme/app' }),
    ];
    for (const token of bad) expect((await get(url, token, '1')).status).toBe(401);
  });
});
