import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkScopes, readOrder, ruleFor, type ScopeRules } from './scopes';

const team: ScopeRules = {
  main: { trusted: true, parents: [] },
  release: { trusted: true, parents: ['main'] },
  'pr-*': { trusted: false, parents: ['release', 'main'] },
  'pr-9': { trusted: false, parents: [] },
};

describe('scopes', () => {
  it('read their own first, then their parents in order, each once', () => {
    expect(readOrder(team, 'pr-1')).toEqual(['pr-1', 'release', 'main']);
    expect(readOrder(team, 'pr-9')).toEqual(['pr-9']);
  });

  it('exist by name or by family, and not otherwise', () => {
    expect(ruleFor(team, 'main-2')).toBeNull();
    expect(ruleFor(team, 'pr-1/../main')).toBeNull();
    expect(ruleFor(team, 'constructor')).toBeNull();
  });

  it('refuse a configuration in which a trusted scope reads an untrusted one', () => {
    const through = { ...team, between: { trusted: true, parents: ['pr-7'] } };
    for (const rules of [through, { ...through, main: { trusted: true, parents: ['between'] } }]) {
      expect(() => checkScopes(rules)).toThrow(/trusted but would read pr-7/);
    }
  });

  it('refuse an unknown parent and a family as a parent', () => {
    expect(() => checkScopes({ a: { trusted: false, parents: ['b'] } })).toThrow(/no scope b/);
    expect(() => checkScopes({ ...team, a: { trusted: false, parents: ['pr-*'] } })).toThrow(
      /no scope pr-\*/,
    );
  });

  it('once accepted, give no trusted scope anything but trusted ones to read', () => {
    const names = ['a', 'b', 'c-*', 'd'];
    const rule = fc.record({
      trusted: fc.boolean(),
      parents: fc.uniqueArray(fc.constantFrom('a', 'b', 'c-1', 'd')),
    });
    fc.assert(
      fc.property(fc.tuple(rule, rule, rule, rule), (rules) => {
        const scopes = Object.fromEntries(names.map((name, at) => [name, rules[at]!]));
        try {
          checkScopes(scopes);
        } catch {
          return;
        }
        for (const scope of ['a', 'b', 'c-1', 'c-2', 'd']) {
          if (!ruleFor(scopes, scope)!.trusted) continue;
          for (const read of readOrder(scopes, scope))
            expect(ruleFor(scopes, read)!.trusted).toBe(true);
        }
      }),
    );
  });
});
