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

interface Known<T> {
  sha256: Buffer;
  expiresAtMs: number;
  value: T;
}

/** Whose bearer is one of `tokens`, and what each stands for. Every one is compared, in constant time. */
export class StaticTokens<T> {
  readonly #all: Known<T>[];

  constructor(tokens: readonly StaticToken[], valueOf: (token: StaticToken) => T) {
    this.#all = tokens.map((token) => ({
      sha256: Buffer.from(token.sha256, 'hex'),
      expiresAtMs: token.expiresAt?.getTime() ?? Infinity,
      value: valueOf(token),
    }));
  }

  /** Undefined for none of them, and for one that has expired. */
  find(bearer: string): T | undefined {
    const given = digestOf(bearer);
    let found: Known<T> | undefined;
    for (const each of this.#all) if (timingSafeEqual(given, each.sha256)) found = each;
    return found && found.expiresAtMs > Date.now() ? found.value : undefined;
  }
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
