import { fillTemplate, maxWordCharacters, unknownGroups, type ClaimRule } from '../access/claims';
import { ruleFor, type ScopeRules } from '../access/scopes';

/** What is wrong, and what to write instead. */
export type Mistake = [message: string, hint: string];

/** An issuer whose tokens anybody can get: who a token is for is in its claims alone. */
interface PublicIssuer {
  url: string;
  /** Claims that say of which repository, or whose, a token is. Ids cannot be taken over by a new owner. */
  ids: readonly string[];
  /** Where the owner comes first, in front of a slash. */
  names: readonly string[];
}

const publicIssuers: readonly PublicIssuer[] = [
  {
    url: 'https://token.actions.githubusercontent.com',
    ids: ['repository_id', 'repository_owner_id'],
    names: ['repository', 'repository_owner'],
  },
  {
    url: 'https://gitlab.com',
    ids: ['project_id', 'namespace_id'],
    names: ['project_path', 'namespace_path'],
  },
];

/** Of claims that tell jobs of one repository apart: what any pull request's may have. */
const anyJobs: Readonly<Record<string, readonly string[]>> = {
  ref: ['refs/heads/a-b_1', 'refs/pull/1/merge', 'a-b_1', 'a-b/1'],
  ref_protected: ['false'],
  environment: ['a-b_1'],
  job_workflow_ref: ['a/b/.github/workflows/c.yml@refs/heads/a-b_1'],
  workflow_ref: ['a/b/.github/workflows/c.yml@refs/heads/a-b_1'],
  sub: ['repo:a/b:pull_request', 'project_path:a/b:ref_type:branch:ref:a-b_1'],
};

/** The public issuer whose tokens are meant, if it is one. */
export function publicIssuerOf(issuer: string): PublicIssuer | undefined {
  const { host } = new URL(issuer);
  return publicIssuers.find(({ url }) => new URL(url).host === host);
}

/** The first mistake by which a rule would let in whom it should not, or nobody; null when there is none. */
export function mistakeIn(rule: ClaimRule, issuer: string, scopes: ScopeRules): Mistake | null {
  const { claims, scope, reads = [] } = rule;
  if (Object.keys(claims).length === 0)
    return [`no claims, so that any token gives ${scope}`, 'name a repository'];
  const anybody = publicIssuerOf(issuer);
  if (anybody) {
    const mistake = mistakeOfPublic(rule, issuer, anybody, scopes);
    if (mistake) return mistake;
  }
  const [group] = unknownGroups(rule);
  if (group !== undefined)
    return [`no claim has a group ${group}`, `write (?<${group}>…) in a claim`];
  for (const template of [scope, ...reads]) {
    if (!ruleFor(scopes, template.replace(/\{\w+\}/g, 'x')))
      return [`no scope ${template}`, 'list it, or a family that it is of, under scopes'];
    if (longestOf(template) === null)
      return [`${template} is too long for names of ${maxWordCharacters} characters`, 'shorten it'];
  }
  if (ruleFor(scopes, scope)?.trusted && reads.length > 0)
    return [`${scope} is trusted and reads its parents only`, 'take reads out of the rule'];
  return null;
}

function mistakeOfPublic(
  { claims, scope, access }: ClaimRule,
  issuer: string,
  { ids, names }: PublicIssuer,
  scopes: ScopeRules,
): Mistake | null {
  const given = Object.entries(claims);
  const isPinned = given.some(
    ([name, pattern]) =>
      (ids.includes(name) && isLiteral(pattern)) || (names.includes(name) && isOwners(pattern)),
  );
  const [loose] = given.filter(([name]) => [...ids, ...names].includes(name));
  if (!isPinned && loose)
    return [`${loose[0]} ${loose[1]} lets in jobs of anybody`, `write ids, or owners, out: ${ids[0]}: '42'`]; // prettier-ignore
  if (!isPinned) return [`anybody has a token of ${issuer}`, `pin ${[...ids, ...names].join(' or ')}`]; // prettier-ignore
  const isOfSome = given.some(
    ([name, pattern]) => anyJobs[name]?.every((value) => !matches(pattern, value)) ?? false,
  );
  if (access === 'write' && ruleFor(scopes, scope)?.trusted && !isOfSome)
    return [`every branch of the repository would write to ${scope}, which is trusted`, `pin ${Object.keys(anyJobs).join(' or ')}`]; // prettier-ignore
  return null;
}

/** What a template gives for the longest names; null when that is no scope's. */
function longestOf(template: string): string | null {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const word = 'x'.repeat(maxWordCharacters);
  return fillTemplate(template, Object.fromEntries(names.map((name) => [name, word])));
}

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'u').test(value);
}

/** Whether a pattern lists texts and nothing else: letters, groups and `|`. */
function isLiteral(pattern: string): boolean {
  const bare = pattern.replace(/\\[.\-/]/g, '').replace(/\((?:\?:|\?<\w+>)?/g, '');
  return /^[\w/|)-]+$/.test(bare);
}

/** Whether each of a pattern's alternatives says in full whose it is. */
function isOwners(pattern: string): boolean {
  return alternativesOf(pattern).every((alternative) => isLiteral(ownerIn(alternative)));
}

function alternativesOf(pattern: string): string[] {
  let depth = 0;
  const alternatives = [''];
  for (const character of pattern) {
    depth += Number(character === '(') - Number(character === ')');
    if (character === '|' && depth === 0) alternatives.push('');
    else alternatives.push(alternatives.pop()! + character);
  }
  return alternatives;
}

/** Up to the first slash outside of groups. */
function ownerIn(pattern: string): string {
  let depth = 0;
  for (const [at, character] of [...pattern].entries()) {
    depth += Number(character === '(') - Number(character === ')');
    if (character === '/' && depth === 0) return pattern.slice(0, at);
  }
  return pattern;
}
