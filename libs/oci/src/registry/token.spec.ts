import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../digest';
import { faultyProxy } from '../testing/proxy';
import { realRegistry } from '../testing/registry';
import { madeImage, repositoryAt } from '../testing/repository';
import { pushImage } from './push-image';

describe('token log-in', () => {
  /** A registry that wants a token, and its token server, in one. */
  async function tokenRegistry(upstream: string) {
    const asked: {
      method: string;
      url: string;
      authorization: string | undefined;
      body: string;
    }[] = [];
    const tokens = createServer((incoming, answer) => {
      let body = '';
      incoming.on('data', (chunk) => (body += String(chunk)));
      incoming.on('end', () => {
        const { method = '', url = '', headers } = incoming;
        asked.push({ method, url, authorization: headers.authorization, body });
        answer.end(JSON.stringify({ token: 'good' }));
      });
    });
    await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void tokens.close());
    const realm = `http://localhost:${(tokens.address() as AddressInfo).port}/token`;
    const proxy = await faultyProxy(upstream, () => {
      const { authorization } = proxy.seen.at(-1)!.headers;
      if (authorization === 'Bearer good') return null;
      const challenge = `Bearer realm="${realm}",service="reg",scope="repository:a:pull,push"`;
      return { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } };
    });
    return { asked, host: proxy.host };
  }

  it('asks the token server once for each scope, with the log-in as Basic', async () => {
    const { asked, host } = await tokenRegistry(await realRegistry());
    const credentials = async () => ({ kind: 'basic' as const, username: 'u', password: 'p' });
    await pushImage(repositoryAt(`${host}/a`, { credentials }), await madeImage());
    expect(asked.length).toBeLessThanOrEqual(9);
    expect(asked[0]).toMatchObject({
      method: 'GET',
      url: '/token?service=reg&scope=repository%3Aa%3Apull%2Cpush',
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    });
  });

  it('exchanges an identity token', async () => {
    const { asked, host } = await tokenRegistry(await realRegistry());
    const credentials = async () => ({ kind: 'identity' as const, token: 'id' });
    await repositoryAt(`${host}/a`, { credentials }).has(digestOf('x'));
    expect(asked[0]).toMatchObject({ method: 'POST', authorization: undefined });
    expect(Object.fromEntries(new URLSearchParams(asked[0]!.body))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'id',
      service: 'reg',
    });
  });
});
