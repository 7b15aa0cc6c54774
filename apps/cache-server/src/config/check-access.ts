import { unknownGroups } from '../access/claims';
import { isSafeUrl } from '../access/safe-url';
import { checkScopes, ruleFor } from '../access/scopes';
import { CacheError } from '../error';
import type { Config } from './config';

/** Issuers whose tokens anybody can get: who it is for is in the claims alone. */
const publicIssuers = ['https://token.actions.githubusercontent.com', 'https://gitlab.com'];
/** A claim that says of which repository a token is; ids cannot be taken over by a new owner. */
const repositoryClaims = ['repository_id', 'repository', 'project_id', 'project_path'];

/**
 * Finds the mistakes by which a configuration would let in whom it should not, or nobody.
 *
 * @throws CacheError `CONFIG_INVALID`, naming the place
 */
export function checkAccess({ scopes, tokens, oidc }: Config): void {
  checkScopes(scopes);
  for (const { name, scope } of tokens) {
    if (!ruleFor(scopes, scope))
      invalid(
        `token ${name}: no scope ${scope}`,
        'list it, or a family that it is of, under scopes',
      );
  }
  for (const { issuer, jwksUri, rules } of oidc) {
    for (const url of [issuer, ...(jwksUri ? [jwksUri] : [])]) {
      if (!isSafeUrl(url))
        invalid(`issuer ${url}: keys that come over http are anybody's`, 'write https://');
    }
    for (const [at, rule] of rules.entries()) {
      const where = `issuer ${issuer}, rule ${at + 1}`;
      const claims = Object.keys(rule.claims);
      if (claims.length === 0)
        invalid(`${where}: no claims, so that any token gives ${rule.scope}`, 'name a repository');
      if (publicIssuers.includes(issuer) && !claims.some((each) => repositoryClaims.includes(each)))
        invalid(
          `${where}: anybody has a token of ${issuer}`,
          `pin ${repositoryClaims.join(' or ')}`,
        );
      const [group] = unknownGroups(rule);
      if (group !== undefined)
        invalid(`${where}: no claim has a group ${group}`, `write (?<${group}>…) in a claim`);
      for (const template of [rule.scope, ...(rule.reads ?? [])]) {
        const sample = template.replace(/\{\w+\}/g, 'x');
        if (!ruleFor(scopes, sample))
          invalid(
            `${where}: no scope ${template}`,
            'list it, or a family that it is of, under scopes',
          );
      }
    }
  }
}

function invalid(message: string, hint: string): never {
  throw new CacheError('CONFIG_INVALID', { message, hint });
}
