import { decodeJwt } from 'jose';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TokenSource {
  token(): Promise<string | null>;
  /** True for a token of the team's that stays the same from run to run. */
  isStatic: boolean;
}

const refreshBeforeMs = 60_000;

/**
 * The token for the upstream: the one that is configured, else GitHub's identity token for this job,
 * asked for anew shortly before it expires.
 *
 * @see GitHub documentation, "OpenID Connect reference", on ACTIONS_ID_TOKEN_REQUEST_URL
 */
export function tokenSource(environment: Environment): TokenSource {
  const fixed =
    environment.EXCEL2DOC_CACHE_TOKEN ?? environment.NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN;
  if (fixed) return { isStatic: fixed.split('.').length !== 3, token: async () => fixed };
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = environment;
  if (!url || !secret) return { isStatic: true, token: async () => null };

  const withAudience = new URL(url);
  withAudience.searchParams.set('audience', environment.EXCEL2DOC_CACHE_AUDIENCE ?? 'nx-cache');
  let current: { value: string; refreshAtMs: number } | null = null;
  return {
    isStatic: false,
    token: async () => {
      if (current && Date.now() < current.refreshAtMs) return current.value;
      const response = await fetch(withAudience, {
        headers: { authorization: `Bearer ${secret}` },
        signal: AbortSignal.timeout(5_000),
      });
      const { value } = (await response.json()) as { value: string };
      current = { value, refreshAtMs: (decodeJwt(value).exp ?? 0) * 1000 - refreshBeforeMs };
      return value;
    },
  };
}
