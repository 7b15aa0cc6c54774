// Takes 60 s.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { nodeWithZstd } from '../../tools/newer-node.mjs';
import { nxArchive } from '../archive';
import { rawEntry } from '../raw-tar';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { put, teamConfig } from '../test-server';
import { zstdOf } from '../zstd';

const megabyte = 1024 * 1024;
/** Each held a megabyte as gzip and two as zstd; docker/compose.cache.yaml gives the container 512. */
const senders = 600;

it('senders that stop in the middle hold little, and are cut off for those that send', async () => {
  const folder = await temporaryFolder();
  const known = teamConfig(join(folder, 'data'));
  const { url, child, tokens } = await serverProcess(folder, {}, known, [nodeWithZstd()]);
  const tar = rawEntry({ name: 'dist/a', content: randomBytes(3_000_000) });
  const kinds = [
    ['', gzipSync(tar, { level: 1 })],
    ['content-type: application/x-tar\r\ncontent-encoding: zstd\r\n', zstdOf(tar)],
  ] as const;
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  let mostBytes = 0;
  const watch = setInterval(() => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    mostBytes = Math.max(mostBytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
  }, 100);
  onTestFinished(() => clearInterval(watch));
  for (let at = 0; at < senders; at += 1) {
    const [headers, body] = kinds[at % kinds.length]!;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.write(
      `PUT /v1/cache/${at} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${tokens.pr1}\r\n${headers}content-length: 90000000\r\n\r\n`,
    );
    socket.write(body.subarray(0, 1_800_000));
    sockets.push(socket);
  }
  const honest = await put(url, tokens.main, 'honest', await nxArchive({ 'dist/a': 'x' }));
  expect(honest.status).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(mostBytes / megabyte).toBeLessThan(512);
}, 400_000);

it('one token’s senders, never so slow that they are cut off, keep no other token out', async () => {
  const { url, tokens } = await serverProcess(await temporaryFolder());
  const body = gzipSync(randomBytes(20_000_000), { level: 0 });
  const block = 64 * 1024;
  const port = Number(new URL(url).port);
  const drips: (() => void)[] = [];
  // More than are taken in at once: the rest of them waits, and would have others cut off.
  for (let at = 0; at < 60; at += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.write(
      `PUT /v1/cache/${at} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${tokens.pr1}\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    onTestFinished(() => void socket.destroy());
    let sent = 0;
    drips.push(() => {
      // Its buffers are full while it waits, and then hold enough for it not to be slow.
      if (socket.writableNeedDrain || sent >= body.length - block) return;
      socket.write(body.subarray(sent, sent + block));
      sent += block;
    });
  }
  const timer = setInterval(() => drips.forEach((drip) => drip()), 300);
  onTestFinished(() => clearInterval(timer));
  drips.forEach((drip) => drip());
  const archive = await nxArchive({ 'dist/a': randomBytes(300_000) });
  for (const [at, token] of [tokens.main, tokens.pr2, tokens.laptop, tokens.main].entries())
    expect((await put(url, token, `honest${at}`, archive)).status, `${at}`).toBe(200);
}, 400_000);
