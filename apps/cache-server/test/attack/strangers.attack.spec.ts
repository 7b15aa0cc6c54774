import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startIssuer } from '../issuer';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { get, metricsOf, testServer } from '../test-server';

/** Sends text and then nothing, or a byte now and then. Resolves to the answer once it is cut off. */
function raw(url: string, head: string, drip?: string): Promise<{ answer: string; ms: number }> {
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    const timer = setInterval(() => drip && socket.write(drip), 200);
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ answer, ms: Date.now() - startedMs });
    });
    socket.write(head);
  });
}

describe('somebody without a token', () => {
  it('gets nothing parsed: an answer comes before the body, however large or slow', async () => {
    const { url } = await testServer();
    for (const line of ['PUT /v1/cache/1', 'POST /v1/runs']) {
      const head = `${line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`;
      const { answer, ms } = await raw(url, head, '{');
      expect(answer).toMatch(/^HTTP\/1.1 401 /);
      expect(ms).toBeLessThan(5_000);
    }
  });

  it('gets no JSON parsed where none is meant, nor where nothing is', async () => {
    const { url } = await testServer();
    for (const path of ['/login', '/logout', '/nowhere', '/ready']) {
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n`;
      const { answer } = await raw(url, head, '{');
      expect(answer, path).toMatch(/^HTTP\/1.1 4\d\d /);
      expect(answer, path).not.toMatch(/^HTTP\/1.1 400 /);
      expect(answer, path).toMatch(/\r\nconnection: close/i);
    }
  });

  it('learns nothing of where the store is when it fails, nor does who has a token', async () => {
    const { url, folder, tokens } = await testServer();
    await rm(join(folder, 'entries'), { recursive: true, force: true });
    await writeFile(join(folder, 'entries'), 'in its place');
    const ready = async () => (await fetch(`${url}/ready`)).status;
    await expect.poll(ready).toBe(503);
    const headers = { authorization: `Bearer ${tokens.main}` };
    for (const [path, method] of [
      ['/ready', 'GET'],
      ['/v1/cache/1', 'HEAD'],
      ['/v1/cache/1', 'GET'],
      ['/v1/cache/1', 'DELETE'],
    ] as const) {
      const answer = await fetch(url + path, { method, headers });
      expect(await answer.text(), path).not.toMatch(/entries|E[A-Z]{4,}|\/tmp/);
      if (method !== 'DELETE') expect(answer.status, `${method} ${path}`).toBe(path === '/ready' ? 503 : 404); // prettier-ignore
    }
  });

  it('is cut off when even the headers drip', { timeout: 120_000 }, async () => {
    const { url } = await testServer();
    const { ms } = await raw(url, 'GET /v1/cache/1 HTTP/1.1\r\nHost: x\r\nX-A: ', 'a');
    expect(ms).toBeLessThan(60_000);
  });

  it('sees no figures, and a monitor sees them by a token or on a port of its own', async () => {
    const shared = await testServer();
    expect((await fetch(`${shared.url}/metrics`)).status).toBe(401);
    expect(await metricsOf(shared.url, shared.tokens.reader)).toContain('excel2doc_cache_entries');
    const own = await serverProcess(await temporaryFolder(), {
      metrics: { listen: { port: 0 } },
      log: 'info',
    });
    expect((await fetch(`${own.url}/metrics`)).status).toBe(404);
    await expect.poll(own.output).toContain('metrics at ');
    const at = /metrics at (\S+?)"/.exec(own.output())![1]!;
    expect(await (await fetch(`${at}/metrics`)).text()).toContain('excel2doc_cache_entries');
  });

  it('makes us ask an issuer once, not once for each token that he made up', async () => {
    const issuer = await startIssuer();
    onTestFinished(issuer.close);
    const rules = [{ claims: { repository: 'a/b' }, scope: 'main' }];
    const { url } = await testServer({
      oidc: [{ issuer: issuer.url, audience: 'nx-cache', rules }],
    });
    const good = await issuer.sign({ repository: 'a/b' });
    const [head, body] = good.split('.');
    const strange = (at: number) => {
      const header = { ...JSON.parse(Buffer.from(head!, 'base64url').toString()), kid: `k${at}` };
      return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}.AAAA`;
    };
    const all = Array.from({ length: 200 }, (_, at) => get(url, strange(at), '1'));
    for (const answer of await Promise.all(all)) expect(answer.status).toBe(401);
    expect((await get(url, good, '1')).status).toBe(404);
    expect(issuer.asked()).toBeLessThanOrEqual(3);
  });

  it('makes us ask an issuer that is down once', async () => {
    const down = await startIssuer();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => down.sign({ a: 'b' })));
    let asked = 0;
    down.close();
    const { createServer } = await import('node:http');
    const port = Number(new URL(down.url).port);
    const broken = createServer((_, response) => {
      asked += 1;
      response.writeHead(500).end();
    }).listen(port, '127.0.0.1');
    onTestFinished(() => void broken.close());
    const rules = [{ claims: { a: 'b' }, scope: 'main' }];
    const oidc = [{ issuer: down.url, audience: 'nx-cache', rules }];
    const { url } = await testServer({ oidc });
    for (const token of tokens) expect((await get(url, token, '1')).status).toBe(401);
    expect(asked).toBeLessThanOrEqual(2);
  });
});

describe('a session of the page', () => {
  const logIn = async (url: string, token: string) => {
    const answer = await fetch(`${url}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    });
    return answer.headers.get('set-cookie')!.split(';')[0]!;
  };
  const isIn = async (url: string, cookie: string) =>
    (await (await fetch(url, { headers: { cookie } })).text()).includes('Hit rate');

  it('ends with the log-out, also for whoever kept the cookie', async () => {
    const { url, tokens } = await testServer();
    const cookie = await logIn(url, tokens.main);
    expect(await isIn(url, cookie)).toBe(true);
    await fetch(`${url}/logout`, { method: 'POST', redirect: 'manual', headers: { cookie } });
    expect(await isIn(url, cookie)).toBe(false);
  });

  it('ends when its token is taken out of the configuration', async () => {
    const server = await serverProcess(await temporaryFolder());
    const cookie = await logIn(server.url, server.tokens.laptop);
    expect(await isIn(server.url, cookie)).toBe(true);
    const tokens = server.config.tokens!.filter(({ name }) => name !== 'laptop');
    await writeFile(server.configFile, stringify({ ...server.config, tokens }));
    await expect.poll(() => isIn(server.url, cookie)).toBe(false);
  });
});

it('many idle connections of strangers cost little, and go', { timeout: 120_000 }, async () => {
  const server = await serverProcess(await temporaryFolder());
  const status = () => readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(status())![1]);
  const before = rss();
  const drips = Array.from({ length: 500 }, () => raw(server.url, 'GET / HTTP/1.1\r\nX: ', 'a'));
  await sleep(2_000);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  expect(rss() - before).toBeLessThan(100 * 1024);
  await Promise.all(drips);
});
