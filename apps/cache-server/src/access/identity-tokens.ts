import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { isSafeUrl } from './safe-url';
import { scopeFromClaims, type Identity, type Issuer } from './claims';
import type { ScopeRules } from './scopes';

type KeySet = JWTVerifyGetKey;
/** How long an issuer that could not be asked is left alone. */
const retryMs = 30_000;

/** Verifies CI identity tokens (OIDC) against the configured issuers' published keys. */
export class IdentityTokens {
  readonly #keys = new Map<string, Promise<KeySet>>();

  constructor(
    readonly issuers: readonly Issuer[],
    readonly scopes: ScopeRules,
  ) {}

  /** Null when no configured issuer has signed it, it is expired, or no rule lets it in. */
  async verify(bearer: string): Promise<Identity | null> {
    try {
      const { iss } = decodeJwt(bearer);
      const issuer = this.issuers.find((each) => each.issuer === iss);
      if (!issuer) return null;
      const { payload } = await jwtVerify(bearer, await this.#keysOf(issuer), {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: 30,
      });
      const access = scopeFromClaims(issuer.rules, payload, this.scopes);
      return access && { subject: String(payload.sub), ...access };
    } catch {
      return null;
    }
  }

  /**
   * Asked for once, however many tokens wait for it; and not again for a while when it failed. Who
   * makes tokens up makes us fetch nothing.
   */
  #keysOf({ issuer, jwksUri }: Issuer): Promise<KeySet> {
    const known = this.#keys.get(issuer);
    if (known) return known;
    const keys = (async () => {
      const url = new URL(jwksUri ?? (await discover(issuer)));
      return patient(createRemoteJWKSet(url, { timeoutDuration: 5_000, cooldownDuration: 30_000 }));
    })();
    this.#keys.set(issuer, keys);
    keys.catch(() => setTimeout(() => this.#keys.delete(issuer), retryMs).unref());
    return keys;
  }
}

/** The same keys, but not fetched again for a while once that has failed. */
function patient(keys: KeySet): KeySet {
  let notBeforeMs = 0;
  return async (header, token) => {
    if (performance.now() < notBeforeMs)
      throw new Error('the issuer could not be asked a moment ago');
    try {
      return await keys(header, token);
    } catch (error) {
      // One that does not know this key has answered.
      if (!(error instanceof errors.JWKSNoMatchingKey)) notBeforeMs = performance.now() + retryMs;
      throw error;
    }
  };
}

/** @see OpenID Connect Discovery 1.0, section 4 */
async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000), redirect: 'error' });
  const document = (await response.json()) as { issuer?: string; jwks_uri?: string };
  if (document.issuer !== issuer || !document.jwks_uri)
    throw new Error(`${url} is not of ${issuer}`);
  // What the configuration must not say, its issuer must not say either.
  if (!isSafeUrl(document.jwks_uri)) throw new Error(`${url} names keys that come over http`);
  return document.jwks_uri;
}
