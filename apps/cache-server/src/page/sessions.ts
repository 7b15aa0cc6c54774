import { randomBytes } from 'node:crypto';
import type { Grant } from '../access/grant';

export const cookieName = 'excel2doc_cache';
const lifeMs = 8 * 3600 * 1000;
const maxSessions = 1_000;

interface Session {
  bearer: string;
  scope: string;
  untilMs: number;
}

/**
 * Logins to the page. Each keeps the token that it was made with and asks at every view what that is
 * still worth: a token that is revoked, or whose time is over, ends its sessions. All end with the
 * process.
 */
export class Sessions {
  /** Oldest first. */
  readonly #sessions = new Map<string, Session>();

  constructor(readonly grantFor: (bearer: string) => Promise<Grant | null>) {}

  /** The value of a `Set-Cookie` header. @see RFC 6265bis on SameSite */
  open(bearer: string, scope: string, isSecure: boolean): string {
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, { bearer, scope, untilMs: Date.now() + lifeMs });
    if (this.#sessions.size > maxSessions) this.#sessions.delete(this.#oldestOfMost());
    const attributes = `Path=/; Max-Age=${lifeMs / 1000}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
    return `${cookieName}=${id}; ${attributes}`;
  }

  async read(header: string | undefined): Promise<Grant | null> {
    const id = idOf(header);
    const session = this.#sessions.get(id);
    if (!session) return null;
    const grant = session.untilMs > Date.now() ? await this.grantFor(session.bearer) : null;
    if (!grant) this.#sessions.delete(id);
    return grant && { ...grant, writes: false };
  }

  /** Of the scope that has most: whoever logs in again and again ends no other's sessions. */
  #oldestOfMost(): string {
    const ids = new Map<string, string[]>();
    for (const [id, { scope }] of this.#sessions) {
      const own = ids.get(scope);
      if (own) own.push(id);
      else ids.set(scope, [id]);
    }
    return [...ids.values()].reduce((most, own) => (own.length > most.length ? own : most))[0]!;
  }

  /** Nobody who has kept the cookie gets in with it any more. */
  close(header: string | undefined): void {
    this.#sessions.delete(idOf(header));
  }
}

function idOf(header: string | undefined): string {
  return new RegExp(`(?:^|; *)${cookieName}=([\\w-]+)`).exec(header ?? '')?.[1] ?? '';
}
