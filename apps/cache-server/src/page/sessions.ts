import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Grant } from '../access/grant';

export const cookieName = 'excel2doc_cache';
const lifeMs = 8 * 3600 * 1000;

/** Logins to the page: a signed cookie that says which scopes may be read. It ends with the process. */
export class Sessions {
  readonly #secret = randomBytes(32);

  /** The value of a `Set-Cookie` header. @see RFC 6265bis on SameSite */
  cookieFor({ subject, scope, reads }: Grant, isSecure: boolean): string {
    const until = Date.now() + lifeMs;
    const data = Buffer.from(JSON.stringify({ subject, scope, reads, until })).toString(
      'base64url',
    );
    const attributes = `Path=/; Max-Age=${lifeMs / 1000}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
    return `${cookieName}=${data}.${this.#sign(data)}; ${attributes}`;
  }

  read(header: string | undefined): Grant | null {
    const value = new RegExp(`(?:^|; *)${cookieName}=([\\w-]+)\\.([\\w-]+)`).exec(header ?? '');
    if (!value) return null;
    const [, data = '', signature = ''] = value;
    const wanted = Buffer.from(this.#sign(data));
    const given = Buffer.from(signature);
    if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return null;
    const { subject, scope, reads, until } = JSON.parse(
      Buffer.from(data, 'base64url').toString(),
    ) as Grant & {
      until: number;
    };
    return until > Date.now() ? { subject, scope, reads, writes: false } : null;
  }

  #sign(data: string): string {
    return createHmac('sha256', this.#secret).update(data).digest('base64url');
  }
}
