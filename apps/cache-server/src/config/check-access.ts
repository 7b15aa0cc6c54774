import { isSafeUrl } from '../access/safe-url';
import { checkScopes, ruleFor } from '../access/scopes';
import { CacheError } from '../error';
import { mistakeIn, publicIssuerOf } from './check-rule';
import type { Config } from './config';

type Access = Pick<Config, 'scopes' | 'tokens' | 'oidc' | 'store'>;

const listIt = 'list it, or a family that it is of, under scopes';

/**
 * Finds the mistakes by which a configuration would let in whom it should not, or nobody.
 *
 * @throws CacheError `CONFIG_INVALID`, naming the place
 */
export function checkAccess({ scopes, tokens, oidc, store }: Access): void {
  checkScopes(scopes);
  checkTokens(tokens, scopes);
  const seen = new Set<string>();
  for (const { issuer, jwksUri, rules } of oidc) {
    checkIssuer(issuer, jwksUri);
    if (seen.has(issuer)) invalid(`issuer ${issuer} is there twice`, 'write all rules under one');
    seen.add(issuer);
    for (const [at, rule] of rules.entries()) {
      const mistake = mistakeIn(rule, issuer, scopes);
      if (mistake) invalid(`issuer ${issuer}, rule ${at + 1}: ${mistake[0]}`, mistake[1]);
    }
  }
  if (store.kind !== 'tiers' || store.back.kind !== 'server') return;
  for (const scope of Object.keys(store.back.tokens))
    if (!ruleFor(scopes, scope)) invalid(`store.back.tokens: no scope ${scope}`, listIt);
}

function checkTokens(tokens: Access['tokens'], scopes: Access['scopes']): void {
  const names = new Map<string, string>();
  for (const { name, scope, sha256 } of tokens) {
    if (!ruleFor(scopes, scope)) invalid(`token ${name}: no scope ${scope}`, listIt);
    const other = names.get(sha256);
    // Who takes one of them out would think that it is over.
    if (other !== undefined)
      invalid(`tokens ${other} and ${name} are the same`, 'give each its own: token new makes one');
    names.set(sha256, name);
  }
}

function checkIssuer(issuer: string, jwksUri: string | undefined): void {
  for (const url of [issuer, ...(jwksUri ? [jwksUri] : [])]) {
    if (!isSafeUrl(url))
      invalid(`issuer ${url}: keys that come over http are anybody's`, 'write https://');
  }
  if (publicIssuerOf(issuer) && issuer.endsWith('/'))
    invalid(`issuer ${issuer}: its tokens say it without the slash`, `write ${issuer.replace(/\/+$/, '')}`); // prettier-ignore
}

function invalid(message: string, hint: string): never {
  throw new CacheError('CONFIG_INVALID', { message, hint });
}
