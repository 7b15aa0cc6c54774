import { describe, expect, it } from 'vitest';
import { newToken } from '../access/static-tokens';
import { parseConfig } from './load-config';

const scopes = {
  main: { trusted: true },
  'pr-*': { parents: ['main'] },
  'branch-*': { parents: ['main'] },
};
const github = 'https://token.actions.githubusercontent.com';
const own = 'https://ci.example.org';

interface Rule {
  claims: Record<string, string>;
  scope: string;
  reads?: string[];
}
const withRule = (rule: Rule, issuer = github) => ({
  scopes,
  oidc: [{ issuer, audience: 'nx-cache', rules: [rule] }],
});
const toPr = (claims: Record<string, string>) => withRule({ claims, scope: 'pr-1' });
const token = (name: string, more: object = {}) => ({
  name,
  sha256: newToken().sha256,
  scope: 'main',
  ...more,
});
const same = token('anna');
const pinned = { repository_id: '42' };

describe('a configuration in which somebody gets what is not meant for him', () => {
  it.each<[what: string, raw: unknown, message: RegExp]>([
    ['any repository by its id', toPr({ repository_id: '\\d+' }), /repository_id .* of any/],
    ['any repository by its name', toPr({ repository: '.+' }), /repository .* of any/],
    ['any owner', toPr({ repository: '.*/app' }), /repository .* of any/],
    ['an owner by a part of his name', toPr({ repository: 'acme.*/app' }), /repository .* of any/],
    ['an owner with one letter free', toPr({ repository: 'acme.dev/app' }), /repository .* of any/],
    ['an owner or anybody', toPr({ repository: 'acme/app|.+' }), /repository .* of any/],
    ['a claim that the issuer does not make', toPr({ project_id: '42' }), /anybody has a token/],
    ['main for every branch', withRule({ claims: pinned, scope: 'main' }), /every branch/],
    ['main for any ref', withRule({ claims: { ...pinned, ref: '.*' }, scope: 'main' }), /every branch/], // prettier-ignore
    ['main for pull requests', withRule({ claims: { ...pinned, ref: 'refs/.+' }, scope: 'main' }), /every branch/], // prettier-ignore
    ['a digest twice', { scopes, tokens: [same, { ...same, name: 'bob', scope: 'pr-1' }] }, /anna and bob are the same/], // prettier-ignore
    ['a key set of others', { scopes, oidc: [{ issuer: own, audience: 'a', jwksUri: 'ftp://ci.example.org/keys', rules: [] }] }, /ftp:/], // prettier-ignore
  ])('%s: refused', (_, raw, message) => {
    expect(() => parseConfig(raw, {}, '/')).toThrow(message);
  });
});

describe('a configuration in which somebody gets nothing that is meant for him', () => {
  it.each<[what: string, raw: unknown, message: RegExp]>([
    ['an issuer but for a slash', withRule({ claims: pinned, scope: 'pr-1' }, `${github}/`), /without the slash/], // prettier-ignore
    ['an issuer twice', { scopes, oidc: [1, 2].map(() => ({ issuer: own, audience: 'a', rules: [] })) }, /is there twice/], // prettier-ignore
    ['a trusted scope that would read more', withRule({ claims: { ...pinned, ref: 'refs/heads/(?<b>main)' }, scope: 'main', reads: ['branch-{b}'] }), /main is trusted and reads/], // prettier-ignore
    ['a scope too long for a branch', { ...withRule({ claims: { ...pinned, ref: '(?<b>.+)' }, scope: `${'x'.repeat(40)}-{b}` }), scopes: { 'x*': {} } }, /too long/], // prettier-ignore
    ['another server’s token of an unknown scope', { scopes, store: { kind: 'tiers', front: { kind: 'disk', directory: 'd' }, back: { kind: 'server', url: own, tokens: { mian: 't' } } } }, /no scope mian/], // prettier-ignore
    ['a port that is none', { scopes, metrics: { listen: { port: 70_000 } } }, /65535/],
    ['a family as a token’s scope', { scopes, tokens: [token('anna', { scope: 'pr-*' })] }, /no scope pr-\*/], // prettier-ignore
    ['a scope in capitals', { scopes: { Main: {} } }, /not a scope name/],
    ['a time that has no year', { scopes, tokens: [token('anna', { expiresAt: 1 })] }, /expiresAt/],
    ['an audience that is empty', { scopes, oidc: [{ issuer: own, audience: '', rules: [] }] }, /audience/], // prettier-ignore
  ])('%s: refused', (_, raw, message) => {
    expect(() => parseConfig(raw, {}, '/')).toThrow(message);
  });
});

it.each<[what: string, claims: Record<string, string>, scope: string]>([
  ['a repository by its id', { ...pinned, ref: 'refs/heads/main' }, 'main'],
  ['one of two ids', { repository_id: '42|43', ref: 'refs/heads/main' }, 'main'],
  ['all repositories of an owner', { repository: 'acme/.+' }, 'pr-1'],
  ['one of two owners', { repository: '(?:acme|acme-labs)/app' }, 'pr-1'],
  ['an owner whose id is pinned', { repository_owner_id: '7', repository: '.+/app' }, 'pr-1'],
  ['an environment', { ...pinned, environment: 'release' }, 'main'],
  ['a workflow', { ...pinned, job_workflow_ref: 'acme/app/.github/workflows/ci.yml@refs/heads/main' }, 'main'], // prettier-ignore
  ['a subject', { ...pinned, sub: 'repo:acme/app:ref:refs/heads/main' }, 'main'],
  ['releases', { ...pinned, ref: 'refs/heads/release-\\d+' }, 'main'],
])('%s is taken', (_, claims, scope) => {
  expect(() => parseConfig(withRule({ claims, scope }), {}, '/')).not.toThrow();
});
