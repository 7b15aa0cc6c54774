import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

interface Changes {
  audience?: string;
  exp?: string;
  key?: CryptoKey;
  iss?: string;
}

export interface TestIssuer {
  url: string;
  sign(claims: object, changes?: Changes): Promise<string>;
  /** What a job of GitHub's finds in its environment, to ask for a token with these claims. */
  githubJob(claims: object): NodeJS.ProcessEnv;
  /** How often its keys or its discovery document were asked for. */
  asked(): number;
  close(): void;
}

/** An issuer of identity tokens as GitHub and GitLab run one: discovery, keys, and GitHub's tokens. */
export async function startIssuer(keysHost = '127.0.0.1'): Promise<TestIssuer> {
  const keys = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const jobs = new Map<string, object>();
  let asked = 0;
  const handle: RequestListener = (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, url);
    const job = jobs.get(request.headers.authorization ?? '');
    const answer = (body: object) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    };
    if (pathname !== '/token') asked += 1;
    if (pathname === '/keys') answer({ keys: [jwk] });
    else if (pathname === '/.well-known/openid-configuration')
      answer({ issuer: url, jwks_uri: `${url.replace('127.0.0.1', keysHost)}/keys` });
    else if (pathname === '/token' && job)
      void sign(job, { audience: searchParams.get('audience')! }).then((value) =>
        answer({ value }),
      );
    else response.writeHead(404).end();
  };
  const server = createServer(handle);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const other = keysHost === '127.0.0.1' ? null : createServer(handle);
  if (other)
    await new Promise<void>((listening) =>
      other.listen((server.address() as AddressInfo).port, keysHost, listening),
    );

  const sign = (claims: object, changes: Changes = {}) =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuer(changes.iss ?? url)
      .setAudience(changes.audience ?? 'nx-cache')
      .setSubject('repo:acme/app')
      .setIssuedAt()
      .setExpirationTime(changes.exp ?? '5m')
      .sign(changes.key ?? keys.privateKey);

  return {
    url,
    sign,
    githubJob: (claims) => {
      const secret = `job-${jobs.size}`;
      jobs.set(`Bearer ${secret}`, claims);
      return {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
      };
    },
    asked: () => asked,
    close: () => {
      other?.close();
      server.close();
    },
  };
}
