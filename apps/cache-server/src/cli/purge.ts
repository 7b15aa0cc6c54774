import { parseArgs } from 'node:util';
import { CacheError } from '../error';

/** Removes entries of the token's own scope from a running server. The token comes from the environment. */
export async function purge(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      upstream: { type: 'string' },
      hash: { type: 'string' },
      project: { type: 'string' },
      target: { type: 'string' },
      before: { type: 'string' },
      all: { type: 'boolean' },
    },
  });
  const { upstream = process.env.EXCEL2DOC_CACHE_UPSTREAM, all, ...filter } = values;
  const token = process.env.EXCEL2DOC_CACHE_TOKEN;
  if (!upstream || !token) {
    throw new CacheError('CONFIG_INVALID', {
      message: 'purge needs a server and a token that may write',
      hint: '--upstream URL, and EXCEL2DOC_CACHE_TOKEN in the environment',
    });
  }
  const url = new URL('/v1/entries', upstream);
  for (const [name, value] of Object.entries({ ...filter, ...(all ? { all: 'true' } : {}) }))
    url.searchParams.set(name, value);
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'DELETE', headers });
  const text = await response.text();
  if (response.status !== 200) {
    throw new CacheError('UPSTREAM_FAILED', { message: `${url.origin} answered ${response.status}: ${text}` }); // prettier-ignore
  }
  const { removed, busy } = JSON.parse(text) as { removed: number; busy: number };
  console.log(`${removed} removed${busy > 0 ? `, ${busy} left as they are being read: ask again` : ''}`); // prettier-ignore
  return busy > 0 ? 1 : 0;
}
