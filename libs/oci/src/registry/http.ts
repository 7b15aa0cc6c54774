import { setTimeout as sleep } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher, request } from 'undici';
import { OciError } from '../error';
import { parseChallenge } from './challenge';
import type { Credentials } from './credentials';

export interface Call {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers?: Record<string, string>;
  body?: Buffer;
  /** `repository:a/b:pull,push` */
  scope: string;
  /** These are answers; any other is an error. */
  accept: readonly number[];
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Readable & { text(): Promise<string>; dump(): Promise<void> };
  url: URL;
}

export interface HttpOptions {
  credentials: () => Promise<Credentials | null>;
  /** The first wait between attempts; each following one is twice as long. */
  retryDelayMs?: number;
  attempts?: number;
  /** How long to wait for an answer, and between two pieces of it. */
  timeoutMs?: number;
}

const LONGEST_WAIT_MS = 60_000;
const RETRIED = [408, 425, 429, 500, 502, 503, 504];

/** HTTP to one registry: logs in, follows redirects, and tries again what may go well the next time. */
export class RegistryHttp {
  private opened: Promise<{ request: typeof request; dispatcher: Agent }> | undefined;
  private readonly tokens = new Map<string, string>();
  private basic: string | undefined;

  constructor(private readonly options: HttpOptions) {}

  async close(): Promise<void> {
    await (await this.opened)?.dispatcher.close();
  }

  /** Loaded with the first call: most builds ask no registry, and undici takes 50 ms to load. */
  private client() {
    const timeout = this.options.timeoutMs ?? 60_000;
    return (this.opened ??= import('undici').then(({ Agent, request }) => ({
      request,
      dispatcher: new Agent({ headersTimeout: timeout, bodyTimeout: timeout, connections: 8 }),
    })));
  }

  /** @throws OciError `UNAUTHORIZED`, `REGISTRY` */
  async send(call: Call): Promise<Answer> {
    const { attempts = 5, retryDelayMs = 500 } = this.options;
    let loggedIn = false;
    for (let attempt = 1; ; attempt++) {
      const answer = await this.follow(call).catch((cause: unknown) => {
        if (attempt >= attempts) throw broken(call, cause);
        return null;
      });
      const wait = Math.min(retryDelayMs * 2 ** (attempt - 1), LONGEST_WAIT_MS);
      if (answer === null) {
        await sleep(wait);
        continue;
      }
      if (call.accept.includes(answer.status)) return answer;
      if (answer.status === 401 && !loggedIn) {
        await answer.body.dump();
        await this.logIn(answer.headers['www-authenticate'] ?? '', call);
        loggedIn = true;
        attempt--;
        continue;
      }
      if (!RETRIED.includes(answer.status) || attempt >= attempts)
        throw await refused(call, answer);
      await answer.body.dump();
      await sleep(retryAfterMs(answer.headers['retry-after']) ?? wait);
    }
  }

  private async follow(call: Call): Promise<Answer> {
    let { url } = call;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.once(call, url);
      const location = answer.headers['location'];
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.status);
      if (!isRedirect || !location || redirects >= 5) return answer;
      await answer.body.dump();
      url = new URL(location, url);
    }
  }

  private async once(call: Call, url: URL): Promise<Answer> {
    // Who may read from the storage behind a registry is in the address that it gave.
    const authorization =
      url.origin === call.url.origin ? this.authorization(call.scope) : undefined;
    const { request, dispatcher } = await this.client();
    const response = await request(url, {
      method: call.method as Dispatcher.HttpMethod,
      dispatcher,
      headers: { ...call.headers, ...(authorization && { authorization }) },
      ...(call.body && { body: call.body }),
    });
    const headers = Object.fromEntries(
      Object.entries(response.headers).map(([key, value]) => [key, [value].flat().join(', ')]),
    );
    return {
      status: response.statusCode,
      headers,
      body: response.body as unknown as Answer['body'],
      url,
    };
  }

  private authorization(scope: string): string | undefined {
    const token = this.tokens.get(scope);
    return token ? `Bearer ${token}` : this.basic;
  }

  /** @see distribution/distribution, docs: Token Authentication Specification */
  private async logIn(header: string, call: Call): Promise<void> {
    const challenge = parseChallenge(header);
    const credentials = await this.options.credentials();
    if (challenge?.scheme === 'basic' && credentials?.kind === 'basic') {
      this.basic = basicHeader(credentials);
      return;
    }
    if (credentials?.kind === 'bearer') {
      this.tokens.set(call.scope, credentials.token);
      return;
    }
    const realm = challenge?.parameters['realm'];
    if (challenge?.scheme !== 'bearer' || !realm) throw unauthorized(call, credentials !== null);
    const token = await this.fetchToken(realm, challenge.parameters, call, credentials);
    this.tokens.set(call.scope, token);
  }

  private async fetchToken(
    realm: string,
    parameters: Record<string, string>,
    call: Call,
    credentials: Credentials | null,
  ): Promise<string> {
    const service = parameters['service'];
    const fields = { ...(service && { service }), scope: parameters['scope'] ?? call.scope };
    const url = new URL(realm);
    const form = credentials?.kind === 'identity' ? credentials.token : undefined;
    if (form === undefined) {
      for (const [key, value] of Object.entries(fields)) url.searchParams.append(key, value);
    }
    const answer = await this.sendToTokenServer(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        ...(credentials?.kind === 'basic' && { authorization: basicHeader(credentials) }),
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form !== undefined && {
        body: new URLSearchParams({
          ...fields,
          grant_type: 'refresh_token',
          client_id: 'excel2doc',
          refresh_token: form,
        }).toString(),
      }),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw unauthorized(call, credentials !== null, answer.statusCode);
    }
    const { token, access_token } = (await answer.body.json()) as Record<string, string>;
    const found = token ?? access_token;
    if (!found) throw unauthorized(call, credentials !== null);
    return found;
  }

  private async sendToTokenServer(
    url: URL,
    options: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string },
  ) {
    const { attempts = 5, retryDelayMs = 500 } = this.options;
    const { request, dispatcher } = await this.client();
    for (let attempt = 1; ; attempt++) {
      const answer = await request(url, { ...options, dispatcher }).catch((cause) => {
        if (attempt < attempts) return null;
        throw new OciError('REGISTRY', {
          message: `${url.host}: the token server does not answer`,
          cause,
        });
      });
      if (answer && (!RETRIED.includes(answer.statusCode) || attempt >= attempts)) return answer;
      await answer?.body.dump();
      await sleep(
        retryAfterMs(String(answer?.headers['retry-after'] ?? '')) ??
          retryDelayMs * 2 ** (attempt - 1),
      );
    }
  }
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Seconds, or a date. @see RFC 9110, 10.2.3 */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | null {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

function unauthorized(call: Call, hadCredentials: boolean, status = 401): OciError {
  const { host } = call.url;
  return new OciError('UNAUTHORIZED', {
    message: `${host} refuses ${call.method} ${call.url.pathname}`,
    hint: hadCredentials ? `log in to ${host} again` : `run docker login ${host}`,
    status,
  });
}

async function refused(call: Call, answer: Answer): Promise<OciError> {
  if (answer.status === 401 || answer.status === 403) {
    await answer.body.dump();
    return unauthorized(call, true, answer.status);
  }
  const text = (await answer.body.text().catch(() => '')).slice(0, 500);
  return new OciError('REGISTRY', {
    message: `${call.method} ${call.url.host}${call.url.pathname}: ${answer.status} ${text}`.trim(),
    status: answer.status,
  });
}

function broken(call: Call, cause: unknown): OciError {
  return new OciError('REGISTRY', {
    message: `${call.url.host} does not answer ${call.method} ${call.url.pathname}`,
    hint: 'the connection broke, again and again',
    cause,
  });
}
