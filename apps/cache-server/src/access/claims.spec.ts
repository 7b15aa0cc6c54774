import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isScopeName } from '../entry-key';
import { judgeClaims, scopeFromClaims, scopeWord, unknownGroups, type ClaimRule } from './claims';
import type { ScopeRules } from './scopes';

const scopes: ScopeRules = {
  main: { trusted: true, parents: [] },
  'pr-*': { trusted: false, parents: ['main'] },
  'branch-*': { trusted: false, parents: ['main'] },
};
/** As docs/remote-cache.md has them. */
const github: ClaimRule[] = [
  { claims: { repository_id: '42', ref: 'refs/heads/main', ref_type: 'branch', event_name: 'push|workflow_dispatch|schedule' }, scope: 'main', access: 'write' }, // prettier-ignore
  { claims: { repository_id: '42', event_name: 'merge_group', ref: 'refs/heads/gh-readonly-queue/(?<base>.+)/pr-(?<number>\\d+)-[0-9a-f]+' }, scope: 'pr-{number}', reads: ['branch-{base}'], access: 'write' }, // prettier-ignore
  { claims: { repository_id: '42', event_name: 'pull_request', ref: 'refs/pull/(?<number>\\d+)/merge', base_ref: '(?<base>.+)' }, scope: 'pr-{number}', reads: ['branch-{base}'], access: 'write' }, // prettier-ignore
  { claims: { repository_id: '42', ref: 'refs/heads/(?<branch>.+)', ref_type: 'branch' }, scope: 'branch-{branch}', access: 'write' }, // prettier-ignore
];
const of = (claims: object) => scopeFromClaims(github, { repository_id: '42', ...claims }, scopes);

describe('a scope from a branch', () => {
  it('keeps a plain name as it is', () => {
    for (const name of ['main', 'feature-x', 'release-1.2', '17'])
      expect(scopeWord(name)).toBe(name);
  });

  it('is another one for each branch, whatever it is called', () => {
    const names = ['Feature/X', 'feature/x', 'feature-x', 'feature_x', 'FEATURE-X', '功能/登录', '功能/支付', '修复', 'x'.repeat(200), 'x'.repeat(201), '-x', 'x-', 'a..b', 'a.b']; // prettier-ignore
    expect(new Set(names.map(scopeWord)).size).toBe(names.length);
  });

  it('is a scope’s name, and no two branches’ share one', () => {
    const branch = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }), fc.stringMatching(/^[a-zA-Z0-9/._-]{1,80}$/)); // prettier-ignore
    fc.assert(
      fc.property(branch, branch, (one, other) => {
        expect(isScopeName(`branch-${scopeWord(one)}`)).toBe(true);
        // Not either where one branch is called as the other's scope is.
        for (const name of [other, scopeWord(one)])
          if (one !== name && scopeWord(one) === scopeWord(name)) expect(name).toBe(one);
      }),
    );
  });
});

describe('GitHub’s tokens, by the rules of the docs', () => {
  it.each([
    ['a push', { event_name: 'push', ref: 'refs/heads/main', ref_type: 'branch' }, 'main', []],
    ['a run by hand', { event_name: 'workflow_dispatch', ref: 'refs/heads/main', ref_type: 'branch' }, 'main', []], // prettier-ignore
    ['a nightly run', { event_name: 'schedule', ref: 'refs/heads/main', ref_type: 'branch' }, 'main', []], // prettier-ignore
    ['a merge queue', { event_name: 'merge_group', ref: 'refs/heads/gh-readonly-queue/main/pr-12-0a1b', ref_type: 'branch' }, 'pr-12', ['branch-main']], // prettier-ignore
    ['a pull request', { event_name: 'pull_request', ref: 'refs/pull/12/merge', base_ref: 'develop' }, 'pr-12', ['branch-develop']], // prettier-ignore
    ['a feature branch', { event_name: 'push', ref: 'refs/heads/develop', ref_type: 'branch' }, 'branch-develop', []], // prettier-ignore
  ])('%s', (_, claims, scope, reads) => {
    expect(of(claims)).toEqual({ scope, reads, access: 'write' });
  });

  it('of a tag called main, of another repository, or of a pull request never give main', () => {
    for (const claims of [
      { event_name: 'push', ref: 'refs/tags/main', ref_type: 'tag' },
      { repository_id: '43', event_name: 'push', ref: 'refs/heads/main', ref_type: 'branch' },
      { event_name: 'pull_request_target', ref: 'refs/heads/main', ref_type: 'tag' },
    ])
      expect(of(claims)?.scope ?? null).toBeNull();
  });
});

describe('GitLab’s tokens, by the rules of the docs', () => {
  const gitlab: ClaimRule[] = [
    { claims: { project_id: '42', ref: 'main', ref_type: 'branch', ref_protected: 'true' }, scope: 'main', access: 'write' }, // prettier-ignore
    { claims: { project_id: '42', ref: '(?<branch>.+)', ref_type: 'branch' }, scope: 'branch-{branch}', access: 'write' }, // prettier-ignore
  ];
  const scopeOf = (claims: object) =>
    scopeFromClaims(gitlab, { project_id: '42', ref_type: 'branch', ...claims }, scopes)?.scope ?? null; // prettier-ignore

  it('give the protected main alone what everybody reads, and each branch its own', () => {
    expect(scopeOf({ ref: 'main', ref_protected: 'true' })).toBe('main');
    expect(scopeOf({ ref: 'main', ref_protected: 'false' })).toBe('branch-main');
    expect(scopeOf({ ref: 'feature-x', ref_protected: 'true' })).toBe('branch-feature-x');
    const names = [
      'Feature/X',
      'feature/x',
      '功能/登录',
      '功能/支付',
      'x'.repeat(200),
      'x'.repeat(201),
    ];
    expect(new Set(names.map((ref) => scopeOf({ ref }))).size).toBe(names.length);
  });

  it('of a tag called main, or of another project, give nothing', () => {
    expect(scopeOf({ ref: 'main', ref_type: 'tag', ref_protected: 'true' })).toBeNull();
    expect(scopeOf({ ref: 'main', project_id: '43', ref_protected: 'true' })).toBeNull();
  });
});

it('says which claim keeps a token out', () => {
  const verdict = judgeClaims(
    github.slice(0, 1),
    { repository_id: '42', ref: 'refs/heads/x' },
    scopes,
  );
  expect(verdict).toMatchObject({ kind: 'no rule', reasons: [expect.stringContaining('refs/heads/x')] }); // prettier-ignore
});

it('a template of which a part is empty gives nothing', () => {
  const rules: ClaimRule[] = [{ claims: { ref: '(?<b>.*)' }, scope: 'pr-{b}', access: 'write' }];
  expect(scopeFromClaims(rules, { ref: '' }, scopes)).toBeNull();
  expect(unknownGroups({ ...rules[0]!, scope: 'pr-{c}' })).toEqual(['c']);
});

describe('a scope from several claims', () => {
  const rules: ClaimRule[] = [
    { claims: { repository: 'acme/(?<app>.+)', ref: '(?<branch>.+)' }, scope: 'pr-{app}-{branch}', access: 'write' }, // prettier-ignore
  ];
  const scopeOf = (app: string, ref: string) =>
    scopeFromClaims(rules, { repository: `acme/${app}`, ref }, scopes)?.scope ?? null;

  it('is another one where the border between them lies elsewhere', () => {
    expect(scopeOf('a-b', 'c')).toMatch(/^pr-a-b-c-[0-9a-f]{12}$/);
    expect(scopeOf('a', 'b-c')).not.toBe(scopeOf('a-b', 'c'));
  });

  it('is a scope’s name however long they are, and no two pairs share one', () => {
    const word = fc.oneof(
      fc.constantFrom('a', 'b', 'a-b', 'b-a', 'a-b-a'),
      fc.stringMatching(/^[a-zA-Z0-9/._-]{1,80}$/),
    );
    fc.assert(
      fc.property(fc.tuple(word, word), fc.tuple(word, word), ([app, ref], [app2, ref2]) => {
        expect(scopeOf(app, ref)).toMatch(/^pr-/);
        if (scopeOf(app, ref) === scopeOf(app2, ref2)) expect([app, ref]).toEqual([app2, ref2]);
        // Not either where one is called as the other's scope is.
        const own = scopeOf(app, ref)!.slice('pr-'.length);
        expect(scopeOf(own, ref2)).not.toBe(scopeOf(app, ref));
      }),
    );
  });
});
