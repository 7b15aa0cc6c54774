import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { nxArchive } from '../archive';
import { generatedArchives } from '../generated-archives';
import { nxWorkspace } from '../nx-workspace';
import { paxData, rawEnd, rawEntry, rawOwn } from '../raw-tar';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { bytesOf, get, put } from '../test-server';

const tarGz = (...parts: Buffer[]) => gzipSync(Buffer.concat([...parts, rawOwn, rawEnd]));
const paxPath = (path: string) =>
  Buffer.concat([
    rawEntry({ name: 'x', type: 'x', content: paxData([['path', path]]) }),
    rawEntry({ name: 'y' }),
  ]);
const link = rawEntry({ name: 'l', type: '2', link: 'x' });

describe('an upload that is made to take time', () => {
  it('keeps nobody else from an answer', { timeout: 300_000 }, async () => {
    const { url, tokens } = await serverProcess(await temporaryFolder());
    // The 293 bytes that took 10 s, the 20 KB that took half an hour, and their kin.
    const deep = Array.from({ length: 4_000 }, (_, at) => paxPath(`${'d/'.repeat(120)}${at}`));
    const hostile = [
      tarGz(link, paxPath('a/'.repeat(32_000))),
      tarGz(link, ...Array.from({ length: 20 }, () => paxPath('a/'.repeat(32_000)))),
      tarGz(link, ...deep),
      tarGz(rawEntry({ name: 'dist/zeros', content: Buffer.alloc(60_000_000) })),
      gzipSync(Buffer.alloc(200_000_000)),
      tarGz(...Array.from({ length: 50_000 }, (_, at) => rawEntry({ name: `dist/${at}` }))),
      tarGz(rawEntry({ name: 'dist/text', content: 'some text '.repeat(6_000_000) })),
    ];
    let running = true;
    const waits: number[] = [];
    const watch = (async () => {
      while (running) {
        const askedMs = performance.now();
        expect((await fetch(`${url}/health`)).status).toBe(200);
        waits.push(performance.now() - askedMs);
        await sleep(10);
      }
    })();
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, client) => {
        const statuses: number[] = [];
        for (const [at, body] of hostile.entries())
          statuses.push((await put(url, tokens.pr1, `${client}${at}`, body)).status);
        return statuses;
      }),
    );
    running = false;
    await watch;
    for (const statuses of answers) {
      expect(statuses.slice(0, 2)).toEqual([403, 403]);
      expect(statuses.every((status) => status === 200 || status === 403)).toBe(true);
    }
    // The two small ones alone took minutes of the event loop.
    expect(Math.max(...waits)).toBeLessThan(1_500);
    expect(waits.length).toBeGreaterThan(20);
    expect((await put(url, tokens.main, '1', await nxArchive({ 'dist/a': 'x' }))).status).toBe(200);
  });
});

/** Made by hand: what Nx itself, unguarded, ends a run for. */
async function unusable(): Promise<Buffer[]> {
  const own = (code: Buffer | string, output: Buffer | string) =>
    Buffer.concat([
      rawEntry({ name: 'terminalOutput', content: output }),
      rawEntry({ name: 'code', content: code }),
    ]);
  const good = await nxArchive({ 'dist/p0/out.txt': 'x' });
  return [
    gzipSync(Buffer.concat([own('0', 'x'), rawEnd])),
    gzipSync(Buffer.concat([own('', 'x'), rawEnd])),
    gzipSync(Buffer.concat([own(Buffer.from([0, 0, 0, 1]), 'x'), rawEnd])),
    gzipSync(Buffer.concat([own(Buffer.from([0, 1, 0, 0]), 'x'), rawEnd])),
    gzipSync(Buffer.concat([own(Buffer.alloc(4), Buffer.from([0xff])), rawEnd])),
    gzipSync(Buffer.concat([rawEntry({ name: 'terminalOutput' }), rawEnd])),
    gzipSync(rawEnd),
    gzipSync(''),
    Buffer.alloc(0),
    good.subarray(0, good.length / 2),
    Buffer.concat([good, good]),
    tarGz(paxPath('dist/a\n20 path=../../../x')),
    tarGz(rawEntry({ name: 'dist' }), rawEntry({ name: 'dist/p0' })),
    tarGz(rawEntry({ name: 'dist/p0', type: '2', link: '/etc' })),
    tarGz(rawEntry({ name: 'dist/p0', type: '2', link: 'p0' })),
    tarGz(rawEntry({ name: 'dist/p0/a', mode: '0000000\0', content: 'x' })),
    tarGz(rawEntry({ name: 'dist/p0', type: '5', mode: '0000000\0' }), rawEntry({ name: 'dist/p0/a' })), // prettier-ignore
    tarGz(rawEntry({ name: 'dist/p0/a', mtime: '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' })), // prettier-ignore
    tarGz(paxPath(`dist/${'n'.repeat(300)}`)),
    tarGz(paxPath(`dist/${'deep/'.repeat(300)}x`)),
    tarGz(rawEntry({ name: 'dist/p0/a', type: '1', link: 'dist/p0/b' })),
    tarGz(rawEntry({ name: 'terminalOutput/a' })),
    tarGz(rawEntry({ name: 'node_modules', type: '2', link: 'dist' })),
    Buffer.from('<html>Please log in to the Wi-Fi</html>'),
    randomBytes(5_000),
  ];
}

/** Answers each GET with the next of `archives`. */
async function upstreamOf(archives: Buffer[]): Promise<{ url: string; asked(): number }> {
  let asked = 0;
  const upstream = createServer((request, response) => {
    request.resume();
    if (request.method !== 'GET') return void response.writeHead(403).end();
    response.end(archives[asked % archives.length]);
    asked += 1;
  });
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void upstream.close());
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  return { url, asked: () => asked };
}

describe.each(['23.2.1', '22.7.12', '21.6.4'])('Nx %s', (version) => {
  it(
    'ends with 0 behind the edge, whatever of 200 hostile archives its upstream answers with',
    { timeout: 900_000 },
    async () => {
      const archives = [...(await unusable()), ...generatedArchives(175, 23)];
      expect(archives).toHaveLength(200);
      const { url, asked } = await upstreamOf(archives);
      const tasks = 40;
      const workspace = await nxWorkspace(version, tasks);
      const command = [process.execPath, workspace.nxFile, 'run-many', '-t', 'build'];
      for (let round = 0; round < archives.length / tasks; round += 1) {
        await workspace.forget();
        const run = workspace.start(
          [inject('mainFile'), 'edge', '--upstream', url, '--', ...command],
          { XDG_CACHE_HOME: await temporaryFolder(), EXCEL2DOC_CACHE_TOKEN: 'token' },
        );
        const { status, output } = await run.ended;
        expect(status, output).toBe(0);
        expect(output).toContain(`Successfully ran target build for ${tasks} projects`);
      }
      // None was left out because the edge had stopped asking.
      expect(asked()).toBeGreaterThanOrEqual(archives.length);
    },
  );
});

it(
  'Nx 23 ends with 0 without an edge for each of them that the server has taken',
  { timeout: 300_000 },
  async () => {
    const server = await serverProcess(await temporaryFolder());
    const kept: Buffer[] = [];
    const archives = [...(await unusable()), ...generatedArchives(400, 29)];
    for (const [at, archive] of archives.entries()) {
      const { status } = await put(server.url, server.tokens.main, `9${at}`, archive);
      expect([200, 403]).toContain(status);
      if (status !== 200) continue;
      kept.push(await bytesOf(await get(server.url, server.tokens.main, `9${at}`)));
    }
    expect(kept.length).toBeGreaterThan(20);
    const { url, asked } = await upstreamOf(kept);
    const workspace = await nxWorkspace('23.2.1', kept.length);
    const command = [workspace.nxFile, 'run-many', '-t', 'build'];
    const run = workspace.start(command, { NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url });
    const { status, output } = await run.ended;
    expect(status, output).toBe(0);
    expect(asked()).toBe(kept.length);
  },
);
