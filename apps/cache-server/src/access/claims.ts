import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { isScopeName } from '../entry-key';
import { ruleFor, type ScopeRules } from './scopes';

/** How tokens of one issuer (GitHub, GitLab) become scopes. The first rule that matches decides. */
export interface Issuer {
  issuer: string;
  audience: string;
  /** Where its keys are; discovered from the issuer when not given. */
  jwksUri?: string | undefined;
  rules: ClaimRule[];
}

export interface ClaimRule {
  /** A pattern for each claim that must match in full; named groups may be used in `scope`. */
  claims: Record<string, string>;
  /** A scope, or a template: `pr-{number}`. A template never gives a trusted scope. */
  scope: string;
  /** Templates of scopes that it reads behind its own and before its parents: a base branch's. */
  reads?: string[] | undefined;
  access: 'read' | 'write';
}

export interface Identity {
  subject: string;
  scope: string;
  reads: string[];
  access: 'read' | 'write';
}

export type ClaimVerdict =
  | { kind: 'let in'; rule: number; identity: Omit<Identity, 'subject'> }
  | { kind: 'refused'; rule: number; reason: string }
  | { kind: 'no rule'; reasons: string[] };

/**
 * What `claims` give, by the first rule of which every claim matches. A template that would give a
 * trusted scope is refused: its parts are the pull request's to choose.
 */
export function judgeClaims(
  rules: readonly ClaimRule[],
  claims: JWTPayload,
  scopes: ScopeRules,
): ClaimVerdict {
  const reasons: string[] = [];
  for (const [rule, { claims: patterns, scope: template, reads = [], access }] of rules.entries()) {
    const groups = matchClaims(patterns, claims);
    if (typeof groups === 'string') {
      reasons.push(groups);
      continue;
    }
    const scope = fillTemplate(template, groups);
    const known = scope === null ? null : ruleFor(scopes, scope);
    if (scope === null || !known)
      return { kind: 'refused', rule, reason: `${template} gives no scope that is configured` };
    if (known.trusted && template.includes('{'))
      return {
        kind: 'refused',
        rule,
        reason: `a template must not give ${scope}, which is trusted`,
      };
    // A base branch that is not cached has no scope, which is no reason to let nobody in.
    const others = reads.flatMap((each) => fillTemplate(each, groups) ?? []);
    const readable = known.trusted ? [] : others.filter((each) => ruleFor(scopes, each) !== null);
    return { kind: 'let in', rule, identity: { scope, reads: readable, access } };
  }
  return { kind: 'no rule', reasons };
}

export function scopeFromClaims(
  rules: readonly ClaimRule[],
  claims: JWTPayload,
  scopes: ScopeRules,
): Omit<Identity, 'subject'> | null {
  const verdict = judgeClaims(rules, claims, scopes);
  return verdict.kind === 'let in' ? verdict.identity : null;
}

/** The groups that a template names, of which a rule's claims have none. */
export function unknownGroups({ claims, scope, reads = [] }: ClaimRule): string[] {
  const known = Object.values(claims).flatMap((pattern) =>
    [...pattern.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map(([, name]) => name),
  );
  const used = [scope, ...reads].flatMap((template) =>
    [...template.matchAll(groupForm)].map(([, name]) => name!),
  );
  return used.filter((name) => !known.includes(name));
}

export const maxWordCharacters = 32;
const maxScopeCharacters = 63;
const digestCharacters = 12;
const groupForm = /\{(\w+)\}/g;

/**
 * A claim as a part of a scope's name. What had to be changed or cut for it ends with a digest of the
 * original, so that two branches never share a scope: not `Feature/X` and `feature-x`, not two names
 * in Chinese.
 */
export function scopeWord(value: string): string {
  if (/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(value) && value.length <= maxWordCharacters) {
    // What looks like one of ours is not to be somebody else's.
    if (!/(?:^|-)[0-9a-f]{12}$/.test(value)) return value;
  }
  return withDigest(value.toLowerCase().replace(/[^a-z0-9]+/g, '-'), value, maxWordCharacters);
}

/**
 * The scope that a template gives. Of several groups, the words alone would not say where one ends and
 * the next begins (`a-b` and `c`, `a` and `b-c`), so that a digest of all of them goes behind.
 */
export function fillTemplate(template: string, groups: Record<string, string>): string | null {
  const names = new Set([...template.matchAll(groupForm)].map(([, name]) => name!));
  const values = [...names].map((name) => groups[name]);
  if (!values.every(Boolean)) return null;
  const scope = template.replace(groupForm, (_, name: string) => scopeWord(groups[name]!));
  const whole = names.size > 1 ? withDigest(scope, JSON.stringify(values), maxScopeCharacters) : scope; // prettier-ignore
  return isScopeName(whole) ? whole : null;
}

/** A text that is cut to make room for a digest of what it stands for. */
function withDigest(readable: string, original: string, maxCharacters: number): string {
  const digest = createHash('sha256').update(original).digest('hex').slice(0, digestCharacters);
  const cut = readable.slice(0, maxCharacters - digest.length - 1).replace(/^[._-]+|[._-]+$/g, '');
  return cut === '' ? digest : `${cut}-${digest}`;
}

/** The groups' values, or which claim does not match. */
function matchClaims(
  patterns: Record<string, string>,
  claims: JWTPayload,
): Record<string, string> | string {
  const groups: Record<string, string> = {};
  for (const [claim, pattern] of Object.entries(patterns)) {
    const value = claims[claim];
    if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number')
      return `the token has no ${claim}`;
    const match = new RegExp(`^(?:${pattern})$`, 'u').exec(String(value));
    if (!match) return `${claim} is ${JSON.stringify(value)}, not ${pattern}`;
    Object.assign(groups, match.groups);
  }
  return groups;
}
