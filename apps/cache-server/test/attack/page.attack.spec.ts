// Takes 20 s.
import { expect, it } from 'vitest';
import { nxArchive } from '../archive';
import { serverProcess, type ServerProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { put } from '../test-server';

async function logIn({ url }: ServerProcess, token: string): Promise<string> {
  const answer = await fetch(`${url}/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }).toString(),
  });
  await answer.arrayBuffer();
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}

const view = async ({ url }: ServerProcess, cookie: string, query = '') =>
  (await fetch(`${url}/${query}`, { headers: { cookie } })).text();

it('who logs in again and again ends no session of another scope', async () => {
  const server = await serverProcess(await temporaryFolder());
  const { main, pr1 } = server.tokens;
  const honest = await logIn(server, main);
  const first = await logIn(server, pr1);
  for (let at = 0; at < 1_100; at += 20)
    await Promise.all(Array.from({ length: 20 }, () => logIn(server, pr1)));
  expect(await view(server, honest)).toContain('Hit rate');
  expect(await view(server, first)).not.toContain('Hit rate');
}, 120_000);

it('names and questions made to break the page show as text, and of nobody else’s scope', async () => {
  const server = await serverProcess(await temporaryFolder());
  const { url, tokens } = server;
  const evil = `"><img src=x onerror=alert(1)>'</td><script>`;
  const archive = await nxArchive({ 'dist/secret-of-pr1': 'x', [`dist/${evil}`]: 'x' });
  expect((await put(url, tokens.pr1, '1', archive)).status).toBe(200);
  const report = { tasks: [{ hash: '1', project: evil, target: evil, durationMs: 1 }] };
  const reported = await fetch(`${url}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.pr1}`, 'content-type': 'application/json' },
    body: JSON.stringify(report),
  });
  expect(await reported.json()).toEqual({ labelled: 1 });
  const [own, others] = [await logIn(server, tokens.pr1), await logIn(server, tokens.pr2)];
  const questions = [
    '',
    `?q=${encodeURIComponent(evil)}&scope=${encodeURIComponent(evil)}&project=${encodeURIComponent(evil)}`,
    '?scope=pr-1&scope=main',
    '?scope=pr-1',
    '?sort=__proto__&order=constructor&page=999999',
    '?sort[]=size&page=-1&q[__proto__]=1',
    `?q=${'a'.repeat(10_000)}`,
    '?project=%00%0d%0aset-cookie:a=b&target=%f0%28%8c%28',
  ];
  for (const question of questions) {
    const page = await view(server, own, question);
    expect(page.includes('Hit rate'), question).toBe(true);
    expect(/<img|<script/.test(page), question).toBe(false);
    const theirs = await view(server, others, question);
    expect(theirs.includes('Hit rate'), question).toBe(true);
    expect(theirs.includes('secret-of-pr1'), question).toBe(false);
  }
  // Without a session nothing is said of what there is; a made-up one is none.
  for (const cookie of [
    '',
    'excel2doc_cache=',
    'excel2doc_cache=__proto__',
    `excel2doc_cache=${tokens.pr1}`,
  ])
    // prettier-ignore
    expect(await view(server, cookie, '?scope=pr-1')).not.toContain('Hit rate');
}, 120_000);
