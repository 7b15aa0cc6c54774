import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { decodeJwt, type JWTPayload } from 'jose';
import { Authenticator } from '../access/authenticator';
import { judgeClaims } from '../access/claims';
import { readOrder, ruleFor } from '../access/scopes';
import { loadConfig } from '../config/load-config';
import type { Config } from '../config/config';
import { refuseKept } from '../encryption/key-marks';
import { readKeyRing } from '../encryption/key-ring';
import { CacheError } from '../error';

/**
 * Checks a configuration, and says what a token would get: a real one (`--token`, `-` for standard
 * input), or claims as JSON (`--claims FILE`) as a CI job would have them.
 */
export async function checkConfig(args: string[]): Promise<number> {
  const options = {
    config: { type: 'string' },
    token: { type: 'string' },
    claims: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args, options });
  const file = values.config ?? process.env.EXCEL2DOC_CACHE_CONFIG ?? 'cache.yaml';
  const config = await loadConfig(file, process.env);
  const ring = readKeyRing(config.encryption.keys);
  refuseKept(ring, config.encryption.retired);
  console.log(`${file} is sound: ${Object.keys(config.scopes).length} scopes, ${config.tokens.length} tokens, ${config.oidc.length} issuers, ${ring ? `encrypts with key ${ring.currentId}` : 'not encrypted'}`); // prettier-ignore
  if (values.token !== undefined) {
    const text = values.token === '-' ? await readFile('/dev/stdin', 'utf8') : values.token;
    return explainToken(config, text.trim());
  }
  if (values.claims !== undefined) return explainClaims(config, await readClaims(values.claims));
  return 0;
}

async function explainToken(config: Config, bearer: string): Promise<number> {
  const grant = await new Authenticator(config).grantFor(bearer);
  if (grant) {
    say(config, grant.scope, grant.reads, grant.writes);
    return 0;
  }
  if (bearer.split('.').length !== 3) {
    console.log('This is none of the tokens, or it has expired: 401.');
    return 1;
  }
  console.log(
    'The server would answer 401. What its claims say, though nobody has vouched for them:',
  );
  await explainClaims(config, decodeJwt(bearer));
  return 1;
}

function explainClaims(config: Config, claims: JWTPayload): number {
  const issuer = config.oidc.find(({ issuer }) => issuer === claims.iss) ?? null;
  if (!issuer) {
    console.log(`No issuer ${JSON.stringify(claims.iss)} is configured: 401.`);
    return 1;
  }
  const audiences = [claims.aud].flat();
  if (!audiences.includes(issuer.audience))
    console.log(`Its audience is ${JSON.stringify(claims.aud)}, not ${issuer.audience}: 401 unless that changes.`); // prettier-ignore
  const verdict = judgeClaims(issuer.rules, claims, config.scopes);
  switch (verdict.kind) {
    case 'let in': {
      const { scope, reads, access } = verdict.identity;
      console.log(`Rule ${verdict.rule + 1} of ${issuer.issuer} lets it in.`);
      const order = [...new Set([scope, ...reads, ...readOrder(config.scopes, scope)])];
      say(config, scope, order, access === 'write');
      return 0;
    }
    case 'refused':
      console.log(`Rule ${verdict.rule + 1} matches, but ${verdict.reason}: 401.`);
      return 1;
    case 'no rule':
      console.log('No rule matches: 401.');
      for (const [at, reason] of verdict.reasons.entries())
        console.log(`  rule ${at + 1}: ${reason}`);
      return 1;
  }
}

function say(config: Config, scope: string, reads: readonly string[], writes: boolean): void {
  const trust = ruleFor(config.scopes, scope)?.trusted ? 'trusted' : 'not trusted';
  console.log(`scope   ${scope} (${trust})`);
  console.log(`reads   ${reads.join(', then ')}`);
  console.log(`writes  ${writes ? scope : 'nothing'}`);
}

async function readClaims(file: string): Promise<JWTPayload> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as JWTPayload;
  } catch (cause) {
    throw new CacheError('CONFIG_INVALID', { message: `${file} is no JSON with claims`, cause });
  }
}
