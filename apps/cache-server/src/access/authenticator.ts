import type { Grant } from './grant';
import type { Issuer } from './claims';
import { IdentityTokens } from './identity-tokens';
import { readOrder, ruleFor, type ScopeRules } from './scopes';
import { StaticTokens, type StaticToken } from './static-tokens';

export interface AccessConfig {
  scopes: ScopeRules;
  tokens: readonly StaticToken[];
  oidc: readonly Issuer[];
}

/** Turns a bearer token into what its holder may do. Made anew when the configuration changes. */
export class Authenticator {
  readonly #identities: IdentityTokens;
  readonly #fixed: StaticTokens<Grant | null>;

  constructor(readonly config: AccessConfig) {
    this.#identities = new IdentityTokens(config.oidc, config.scopes);
    this.#fixed = new StaticTokens(config.tokens, ({ name, scope, access }) =>
      this.#grant(name, scope, access),
    );
  }

  /** Null for a token that is unknown, expired, or of no scope. */
  async grantFor(bearer: string): Promise<Grant | null> {
    const fixed = this.#fixed.find(bearer);
    if (fixed) return fixed;
    if (bearer.split('.').length !== 3) return null;
    const identity = await this.#identities.verify(bearer);
    return (
      identity && this.#grant(identity.subject, identity.scope, identity.access, identity.reads)
    );
  }

  #grant(
    subject: string,
    scope: string,
    access: 'read' | 'write',
    between: readonly string[] = [],
  ): Grant | null {
    const rule = ruleFor(this.config.scopes, scope);
    if (!rule) return null;
    return {
      subject,
      scope,
      isTrusted: rule.trusted,
      reads: [...new Set([scope, ...between, ...readOrder(this.config.scopes, scope)])],
      writes: access === 'write',
    };
  }
}

/** The token of an `Authorization: Bearer` header. @see RFC 6750, section 2.1 */
export function bearerOf(header: string | undefined): string | null {
  return /^Bearer +([A-Za-z0-9._~+/=-]+)$/i.exec(header ?? '')?.[1] ?? null;
}
