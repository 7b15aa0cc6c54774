import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { newToken } from '../src/access/static-tokens';
import { holdsSame, nxArchive } from './archive';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import {
  bytesOf,
  get,
  metricsOf,
  put,
  teamConfig,
  testServer,
  type RawConfig,
} from './test-server';

describe('care', () => {
  it('says that it lives, is ready, and what it has done, and names no scope', async () => {
    const { url, tokens } = await testServer();
    await put(url, tokens.main, '1', await nxArchive({ 'dist/a': 'x' }));
    await get(url, tokens.main, '1');
    await get(url, tokens.main, '2');
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const metrics = await metricsOf(url, tokens.main);
    expect(metrics).toContain('excel2doc_cache_requests_total{method="GET",outcome="hit"} 1');
    expect(metrics).toContain('excel2doc_cache_requests_total{method="GET",outcome="miss"} 1');
    expect(metrics).toContain('excel2doc_cache_requests_total{method="PUT",outcome="stored"} 1');
    expect(metrics).toContain('excel2doc_cache_entries 1');
    expect(metrics).not.toContain('main');
  });

  it('sees a store that fails, though the clock has been set back meanwhile', async () => {
    const { url, folder } = await testServer();
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    await rm(join(folder, 'entries'), { recursive: true });
    await writeFile(join(folder, 'entries'), 'in its place');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    onTestFinished(() => void vi.useRealTimers());
    await expect.poll(async () => (await fetch(`${url}/ready`)).status, { timeout: 10_000 }).toBe(503); // prettier-ignore
  });

  it('evicts the least recently used beyond its budget, never one that is being read', async () => {
    // More than the sockets' buffers hold, so that the transfer goes on until its reader goes on.
    const large = await nxArchive({ 'dist/a': randomBytes(16_000_000) });
    const archive = await nxArchive({ 'dist/a': randomBytes(3_000_000) });
    const { url, tokens } = await testServer({ keep: { maxBytes: 24_000_000, checkEveryMs: 50 } });
    await put(url, tokens.main, '1', large);
    const reading = await get(url, tokens.main, '1');
    const reader = reading.body!.getReader();
    await reader.read();
    for (const hash of ['2', '3', '4', '5']) await put(url, tokens.main, hash, archive);
    const evicted = async () =>
      (await metricsOf(url, tokens.main)).match(/evicted_total (\d+)/)?.[1];
    await expect.poll(evicted).toBe('2');
    for (const hash of ['2', '3']) expect((await get(url, tokens.main, hash)).status).toBe(404);
    for (const hash of ['4', '5', '1']) {
      const response = await get(url, tokens.main, hash);
      expect(response.status, hash).toBe(200);
      await response.arrayBuffer();
    }
    while (!(await reader.read()).done) continue;
  });

  it('evicts what nobody has used for too long, but not while somebody reads it', async () => {
    const keep = { maxIdleDays: 1 / (24 * 3600), checkEveryMs: 50 };
    const { url, tokens } = await serverProcess(await temporaryFolder(), { keep });
    const large = await nxArchive({ 'dist/a': randomBytes(16_000_000) });
    await put(url, tokens.main, '1', large);
    const reading = await get(url, tokens.main, '1');
    const reader = reading.body!.getReader();
    await reader.read();
    await put(url, tokens.main, '2', await nxArchive({ 'dist/a': 'x' }));
    const evicted = async () =>
      (await metricsOf(url, tokens.main)).match(/evicted_total (\d+)/)?.[1];
    await expect.poll(evicted).toBe('1');
    expect((await get(url, tokens.main, '2')).status).toBe(404);
    while (!(await reader.read()).done) continue;
    await expect.poll(evicted).toBe('2');
    expect((await get(url, tokens.main, '1')).status).toBe(404);
  });

  it('makes room among pull requests, and never takes it from main', async () => {
    const archive = await nxArchive({ 'dist/a': randomBytes(1_000_000) });
    const keep = { maxBytes: 8_000_000, checkEveryMs: 50 };
    const { url, tokens } = await testServer({ keep });
    for (const hash of ['1', '2', '3', '4']) await put(url, tokens.main, hash, archive);
    for (let at = 0; at < 12; at += 1) {
      await put(url, tokens.pr1, `1${at}`, archive);
      await put(url, tokens.pr2, `2${at}`, archive);
    }
    const bytes = async () =>
      Number(/entry_bytes (\d+)/.exec(await metricsOf(url, tokens.main))![1]);
    await expect.poll(bytes).toBeLessThan(8_000_000);
    for (const hash of ['1', '2', '3', '4'])
      expect((await get(url, tokens.main, hash)).status).toBe(200);
    // Each has its own fifth: one that stores much does not cost the other all it has.
    expect((await get(url, tokens.pr1, '111')).status).toBe(200);
    expect((await get(url, tokens.pr2, '211')).status).toBe(200);
    expect((await get(url, tokens.pr1, '10')).status).toBe(404);
  });

  it('keeps its statistics across a restart', async () => {
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const first = await serverProcess(folder, {}, known);
    await put(first.url, known.tokens.main, '1', await nxArchive({ 'dist/a': 'x' }));
    await (await get(first.url, known.tokens.main, '1')).arrayBuffer();
    first.child.kill('SIGTERM');
    await once(first.child, 'close');
    const lines = (await readFile(join(folder, 'data/journal.jsonl'), 'utf8')).split('\n');
    expect(lines.filter((line) => line.includes('"hits":1')).length).toBeGreaterThan(0);
    const second = await serverProcess(folder, {}, known);
    expect(await metricsOf(second.url, known.tokens.main)).toContain('excel2doc_cache_entries 1');
    await second.kill();
  });

  it('lets a running transfer end before it stops', async () => {
    const { url, child, tokens } = await serverProcess(await temporaryFolder());
    const archive = await nxArchive({ 'dist/a': randomBytes(20_000_000) });
    await put(url, tokens.main, '1', archive);
    const response = await get(url, tokens.main, '1');
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    expect(await holdsSame(await bytesOf(response), archive)).toBe(true);
    expect((await ended)[0]).toBe(0);
  });

  it('waits for no connection over which nothing came, and calls none a transfer', async () => {
    const { url, child, output } = await serverProcess(await temporaryFolder(), {
      log: 'warn',
      stopWithinMs: 2000,
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    // Answered only once the server has taken the connection before it.
    await fetch(`${url}/health`);
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
    expect(output()).not.toContain('transfers still ran');
    socket.destroy();
  });

  it('lets a running upload end before it stops, and keeps it', async () => {
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const { url, child } = await serverProcess(folder, {}, known);
    // More than is gathered in memory, so that its file says that it is under way.
    const archive = await nxArchive({ 'dist/a': randomBytes(2_000_000) });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.write(
      `PUT /v1/cache/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${known.tokens.main}\r\n` +
        `Content-Length: ${archive.length}\r\n\r\n`,
    );
    socket.write(archive.subarray(0, 1_600_000));
    await expect.poll(() => readdir(join(folder, 'data/incoming'))).toHaveLength(1);
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    // It takes no new connection once it stops.
    await expect
      .poll(() =>
        fetch(`${url}/health`).then(
          () => 'up',
          () => 'down',
        ),
      )
      .toBe('down');
    socket.write(archive.subarray(1_600_000));
    expect((await ended)[0]).toBe(0);
    expect(answer).toContain(' 200 ');
    const again = await serverProcess(folder, {}, known);
    expect(
      await holdsSame(await bytesOf(await get(again.url, known.tokens.main, '1')), archive),
    ).toBe(true);
  });

  it('cuts off, in the end, a transfer that does not end', async () => {
    const { url, child, tokens } = await serverProcess(await temporaryFolder(), {
      stopWithinMs: 300,
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `PUT /v1/cache/1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens.main}\r\nContent-Length: 999\r\n\r\nx`,
    );
    await expect.poll(async () => (await fetch(`${url}/health`)).status).toBe(200);
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(0);
  });

  it('takes a new token, and drops an old one, without a restart', async () => {
    const { url, tokens, configFile, config, child, output } = await serverProcess(
      await temporaryFolder(),
    );
    const fresh = newToken();
    const rotated = { ...config, tokens: [{ name: 'fresh', sha256: fresh.sha256, scope: 'main' }] };
    await writeFile(configFile, stringify(rotated));
    await expect.poll(async () => (await get(url, fresh.token, '1')).status).toBe(404);
    expect((await get(url, tokens.main, '1')).status).toBe(401);

    await writeFile(configFile, 'scopes: [broken');
    child.kill('SIGHUP');
    await expect.poll(output).toContain('the old configuration stays');
    expect((await get(url, fresh.token, '1')).status).toBe(404);
  });

  it('stores nothing from the moment on that it is made read-only, and goes on reading', async () => {
    const { url, tokens, configFile, config } = await serverProcess(await temporaryFolder());
    const archive = await nxArchive({ 'dist/a': 'x' });
    expect((await put(url, tokens.main, '1', archive)).status).toBe(200);
    await writeFile(configFile, stringify({ ...config, readOnly: true }));
    let hash = 1;
    await expect.poll(async () => (await put(url, tokens.main, `${(hash += 1)}`, archive)).status).toBe(403); // prettier-ignore
    expect((await get(url, tokens.laptop, '1')).status).toBe(200);
    expect((await get(url, tokens.main, `${hash}`)).status).toBe(404);
  });

  it('lets a laptop in by a token and a line that token new prints', async () => {
    const args = [inject('mainFile'), 'token', 'new', '--scope', 'dev-laptop'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const [line] = parse(stderr.slice(stderr.indexOf('- name:'))) as NonNullable<
      RawConfig['tokens']
    >;
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const changes = { tokens: [...known.config.tokens!, line!] };
    const { url, tokens } = await serverProcess(folder, changes, known);
    const archive = await nxArchive({ 'dist/a': 'x' });
    await put(url, tokens.main, '1', archive);
    const token = stdout.trim();
    expect((await get(url, token, '1')).status).toBe(200);
    expect((await put(url, token, '2', archive)).status).toBe(200);
    expect((await get(url, tokens.main, '2')).status).toBe(404);
  });

  it('logs who did what, and never a token', async () => {
    const { url, tokens, output } = await serverProcess(await temporaryFolder(), { log: 'debug' });
    await put(url, tokens.main, '77', await nxArchive({ 'dist/a': 'x' }));
    await get(url, tokens.pr1, '77');
    await get(url, 'e2d_guess', '77');
    await expect.poll(output).toMatch(/"outcome":"unauthorized"/);
    expect(output()).toMatch(/"hash":"77","outcome":"stored","scope":"main","subject":"main"/);
    for (const token of [...Object.values(tokens), 'e2d_guess'])
      expect(output()).not.toContain(token);
  });
});
