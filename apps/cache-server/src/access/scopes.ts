import { CacheError } from '../error';
import { isScopeName } from '../entry-key';

/** How one scope, or each scope of a family (`pr-*`), stands to others. */
export interface ScopeRule {
  /** Only trusted scopes may stand behind a trusted one: what it reads decides what is released. */
  trusted: boolean;
  /** Scopes that are read after its own, in this order; names, never families. */
  parents: string[];
  /** What is kept of it, where that is less than the whole allows. */
  keep?: Partial<Record<'maxBytes' | 'maxEntries' | 'maxIdleDays', number | undefined>>;
}

/** Scopes by name, or by family: a prefix and `*`. */
export type ScopeRules = Readonly<Record<string, ScopeRule>>;

/** The rule for a scope: its own, else that of the family with the longest prefix. */
export function ruleFor(rules: ScopeRules, scope: string): ScopeRule | null {
  if (!isScopeName(scope)) return null;
  const own = Object.hasOwn(rules, scope) ? rules[scope] : undefined;
  if (own) return own;
  const family = Object.keys(rules)
    .filter((name) => name.endsWith('*') && scope.startsWith(name.slice(0, -1)))
    .sort((a, b) => b.length - a.length)[0];
  return family === undefined ? null : rules[family]!;
}

/** The scopes that `scope` reads: its own first, then its parents depth first, each once. */
export function readOrder(rules: ScopeRules, scope: string): string[] {
  const order = new Set<string>();
  const visit = (name: string) => {
    if (order.has(name)) return;
    order.add(name);
    ruleFor(rules, name)?.parents.forEach(visit);
  };
  visit(scope);
  return [...order];
}

/**
 * @throws CacheError `CONFIG_INVALID` when a name is none, a parent is unknown or a family, or a
 *   trusted scope could read what an untrusted one has written (CVE-2025-36852).
 */
export function checkScopes(rules: ScopeRules): void {
  for (const [name, rule] of Object.entries(rules)) {
    if (!isScopeName(name.replace(/[-._]?\*$/, ''))) {
      invalid(
        `scope ${name}: not a scope name`,
        'lower case letters, digits and -._; a family ends with *',
      );
    }
    for (const parent of rule.parents) {
      if (parent.includes('*') || !ruleFor(rules, parent)) {
        invalid(
          `scope ${name}: no scope ${parent} to be its parent`,
          'a parent is one scope, listed by name',
        );
      }
    }
    if (!rule.trusted) continue;
    const read = rule.parents.flatMap((parent) => readOrder(rules, parent));
    const untrusted = read.find((scope) => !ruleFor(rules, scope)?.trusted);
    if (untrusted !== undefined) {
      invalid(
        `scope ${name} is trusted but would read ${untrusted}, which is not`,
        `take ${untrusted} out of its parents, or trust it`,
      );
    }
  }
}

function invalid(message: string, hint: string): never {
  throw new CacheError('CONFIG_INVALID', { message, hint });
}
