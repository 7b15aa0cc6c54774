import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, inject, it } from 'vitest';
import { nxArchive } from '../../test/archive';
import { get, put, testServer } from '../../test/test-server';

describe('a purge', () => {
  const set = async () => {
    const server = await testServer();
    const { url, tokens } = server;
    const archive = await nxArchive({ 'dist/a': 'x' });
    for (const hash of ['1', '2', '3']) await put(url, tokens.main, hash, archive);
    await put(url, tokens.pr1, '1', archive);
    await fetch(`${url}/v1/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.main}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        tasks: [{ hash: '1', project: 'a', target: 'build', durationMs: 1 }],
      }),
    });
    const remove = (token: string, path: string) =>
      fetch(url + path, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    const has = async (hash: string) => (await get(url, tokens.main, hash)).status === 200;
    return { url, tokens, remove, has };
  };

  it('takes what it names, in its own scope alone', async () => {
    const { url, tokens, remove, has } = await set();
    expect((await remove(tokens.reader, '/v1/cache/1')).status).toBe(403);
    expect((await remove('e2d_none', '/v1/cache/1')).status).toBe(401);
    expect((await remove(tokens.main, '/v1/entries')).status).toBe(400);
    expect(await (await remove(tokens.pr1, '/v1/entries?all=true')).json()).toEqual({ removed: 1, busy: 0 }); // prettier-ignore
    expect(await has('1')).toBe(true);
    await remove(tokens.main, '/v1/entries?project=a');
    expect([await has('1'), await has('2')]).toEqual([false, true]);
    await remove(tokens.main, '/v1/cache/2');
    expect([await has('2'), await has('3')]).toEqual([false, true]);
    await remove(tokens.main, '/v1/entries?before=2001-01-01');
    expect(await has('3')).toBe(true);
    expect((await put(url, tokens.main, '1', await nxArchive({}))).status).toBe(200);
  });

  it('has a command', async () => {
    const { url, tokens, has } = await set();
    const child = spawn(
      process.execPath,
      [inject('mainFile'), 'purge', '--upstream', url, '--all'],
      {
        env: { ...process.env, EXCEL2DOC_CACHE_TOKEN: tokens.main },
      },
    );
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    expect((await once(child, 'close'))[0]).toBe(0);
    expect(output).toBe('3 removed\n');
    expect(await has('3')).toBe(false);
  });
});

it('HEAD says what is there, and a read-only server stores nothing', async () => {
  const { url, tokens } = await testServer({ readOnly: true });
  expect((await put(url, tokens.main, '1', await nxArchive({}))).status).toBe(403);
  const writable = await testServer();
  await put(writable.url, writable.tokens.main, '1', await nxArchive({}));
  const head = (hash: string) =>
    fetch(`${writable.url}/v1/cache/${hash}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${writable.tokens.main}` },
    });
  const found = await get(writable.url, writable.tokens.main, '1');
  const asked = await head('1');
  expect(asked.status).toBe(200);
  for (const name of ['content-length', 'etag', 'x-content-sha256'])
    expect(asked.headers.get(name)).toBe(found.headers.get(name));
  expect((await head('2')).status).toBe(404);
});
