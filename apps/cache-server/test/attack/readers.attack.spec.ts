// Takes 30 s.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { holdsSame, nxArchive } from '../archive';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { bytesOf, get, put } from '../test-server';

const megabyte = 1024 * 1024;
/** Each would hold a quarter of a megabyte; docker/compose.cache.yaml gives the container 512. */
const readers = 1_500;

it('readers that take a byte now and then hold little, keep nobody waiting, and are cut off', async () => {
  const limits = { stallMs: 2_000 };
  const { url, child, tokens } = await serverProcess(await temporaryFolder(), { limits });
  // More than the system's buffers hold for a client that takes nothing.
  const large = await nxArchive({ 'dist/a': randomBytes(16_000_000) });
  expect((await put(url, tokens.main, '1', large)).status).toBe(200);
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  const residentBytes = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) * 1024;
  let mostBytes = 0;
  const drip = () => {
    mostBytes = Math.max(mostBytes, residentBytes());
    for (const socket of sockets) socket.read(1);
  };
  for (let at = 0; at < readers; at += 1) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `GET /v1/cache/1 HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${tokens.pr1}\r\n\r\n`,
    );
    sockets.push(socket);
    if (at % 100 === 99) {
      await sleep(50);
      drip();
    }
  }
  const bytes = await bytesOf(await get(url, tokens.pr2, '1'));
  expect(await holdsSame(bytes, large)).toBe(true);
  await expect
    .poll(
      () => {
        drip();
        // The server's own sockets: a client that reads nothing does not see that it was cut off.
        return readdirSync(`/proc/${child.pid}/fd`).length;
      },
      { timeout: 240_000, interval: 200 },
    )
    .toBeLessThan(200);
  expect(mostBytes / megabyte).toBeLessThan(350);
}, 400_000);
