import { randomBytes } from 'node:crypto';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { holdsSame, nxArchive } from '../../test/archive';
import { temporaryFolder } from '../../test/temporary-folder';
import { bytesOf, get, put, testServer } from '../../test/test-server';
import { ArchivePool } from '../intake/archive-pool';
import { Spool } from '../upload/spool';
import { UpstreamClient } from './upstream-client';

/** Lets `cutAfter` bytes of each answer through, then breaks the connection. */
async function breakingProxy(target: string, cutAfter: number) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const { method, headers, url } = request;
    const onward = ask(target + url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.max(0, cutAfter - bytes));
        bytes += chunk.length;
        response.write(part, () => {
          if (bytes > cutAfter) response.destroy();
        });
      });
      answer.on('end', () => response.end());
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}

describe('a download that breaks off', () => {
  it.each([3_000_000, 1_500_000])('goes on from there, cut every %i bytes', async (cutAfter) => {
    const { url, tokens } = await testServer();
    const archive = await nxArchive({ 'dist/a': randomBytes(4_000_000) });
    await put(url, tokens.main, '1', archive);
    const proxy = await breakingProxy(url, cutAfter);
    const pool = new ArchivePool(1);
    const spool = new Spool(join(await temporaryFolder(), 'incoming'), pool);
    await spool.clear();
    const client = new UpstreamClient({ url: proxy.url, token: async () => tokens.main, answerMs: 5_000, transferMs: 60_000 }); // prettier-ignore
    const limits = { maxBytes: 1e9, maxUnpackedBytes: 1e9, maxEntries: 100, maxRatio: 250 };
    const spooled = await client.download('1', spool, { limits, stallMs: 30_000 });
    const { content, sizeBytes } = spooled!;
    const bytes = Buffer.alloc(sizeBytes);
    if (Buffer.isBuffer(content)) content.copy(bytes);
    else await content.readv([bytes], 0);
    expect(await holdsSame(bytes, archive)).toBe(true);
    expect(proxy.ranges[0]).toBeUndefined();
    expect(proxy.ranges[1]).toMatch(/^bytes=\d+-$/);
    await spooled!.discard();
    await client.close();
    await pool.close();
  });

  it('starts anew where the content is another one by now', async () => {
    const { url, tokens } = await testServer();
    const archive = await nxArchive({ 'dist/a': randomBytes(500_000) });
    await put(url, tokens.main, '1', archive);
    const whole = await bytesOf(await get(url, tokens.main, '1'));
    const part = (etag: string) =>
      fetch(`${url}/v1/cache/1`, {
        headers: { authorization: `Bearer ${tokens.main}`, range: 'bytes=1000-', 'if-range': etag },
      });
    const { headers } = await get(url, tokens.main, '1');
    const rest = await part(headers.get('etag')!);
    expect(rest.status).toBe(206);
    expect(rest.headers.get('content-range')).toBe(
      `bytes 1000-${whole.length - 1}/${whole.length}`,
    );
    expect((await bytesOf(rest)).equals(whole.subarray(1000))).toBe(true);
    const other = await part('"another"');
    expect(other.status).toBe(200);
    expect((await bytesOf(other)).equals(whole)).toBe(true);
  });
});
