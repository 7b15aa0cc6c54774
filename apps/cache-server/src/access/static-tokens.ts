import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface StaticToken {
  name: string;
  /** SHA-256 of the token, as 64 hex digits. */
  sha256: string;
  scope: string;
  access: 'read' | 'write';
  expiresAt?: Date | undefined;
}

const prefix = 'e2d_';

/** A new token: 256 random bits, so that one plain SHA-256 is as good as a slow hash. */
export function newToken(): { token: string; sha256: string } {
  const token = prefix + randomBytes(32).toString('base64url');
  return { token, sha256: digestOf(token).toString('hex') };
}

/** The unexpired static token that `bearer` is. Every one is compared, each in constant time. */
export function findStaticToken(
  tokens: readonly StaticToken[],
  bearer: string,
  now: Date,
): StaticToken | null {
  const given = digestOf(bearer);
  let found: StaticToken | null = null;
  for (const token of tokens) {
    if (timingSafeEqual(given, Buffer.from(token.sha256, 'hex'))) found = token;
  }
  return found && (!found.expiresAt || found.expiresAt > now) ? found : null;
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
