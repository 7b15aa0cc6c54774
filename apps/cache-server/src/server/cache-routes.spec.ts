import { randomBytes } from 'node:crypto';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdsSame, nxArchive } from '../../test/archive';
import { bytesOf, get, put, testServer } from '../../test/test-server';

const hash = '1234567890123456789';

describe('the protocol', () => {
  it.each([1_000, 5_000_000])(
    'gives back the %i bytes that were put, and their digest',
    async (size) => {
      const { url, tokens } = await testServer();
      const archive = await nxArchive({ 'dist/app/main.js': randomBytes(size) });
      expect((await put(url, tokens.main, hash, archive)).status).toBe(200);
      const response = await get(url, tokens.main, hash);
      expect(response.status).toBe(200);
      expect(response.headers.get('x-content-sha256')).toMatch(/^[0-9a-f]{64}$/);
      expect(await holdsSame(await bytesOf(response), archive)).toBe(true);
    },
  );

  it('answers 404 for what it does not have, and for a hash that is none', async () => {
    const { url, tokens } = await testServer();
    expect((await get(url, tokens.main, hash)).status).toBe(404);
    expect((await get(url, tokens.main, '..%2F..%2Fjournal.jsonl')).status).toBe(404);
    expect((await put(url, tokens.main, '..%2Fescape', await nxArchive({}))).status).toBe(400);
  });

  it('never overwrites: the second upload of a hash is 409, which Nx passes over', async () => {
    const { url, tokens } = await testServer();
    const first = await nxArchive({ 'dist/a': 'first' });
    await put(url, tokens.main, hash, first);
    expect(
      (await put(url, tokens.main, hash, await nxArchive({ 'dist/a': 'second' }))).status,
    ).toBe(409);
    expect(await holdsSame(await bytesOf(await get(url, tokens.main, hash)), first)).toBe(true);
  });

  it('lets the first of two uploads of one hash at once win, and both clients go on', async () => {
    const { url, tokens } = await testServer();
    const archives = await Promise.all(
      ['a', 'b', 'c', 'd'].map((text) =>
        nxArchive({ 'dist/x': text, 'dist/y': randomBytes(300_000) }),
      ),
    );
    const answers = await Promise.all(
      archives.map((archive) => put(url, tokens.main, hash, archive)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    const winner = archives[answers.findIndex(({ status }) => status === 200)]!;
    expect(await holdsSame(await bytesOf(await get(url, tokens.main, hash)), winner)).toBe(true);
  });

  it('answers a missing, wrong or expired token with 401 as text/plain', async () => {
    const { url, tokens } = await testServer();
    for (const token of ['', 'e2d_wrong', tokens.expired, 'a.b.c']) {
      for (const answer of [
        await get(url, token, hash),
        await put(url, token, hash, await nxArchive({})),
      ]) {
        expect(answer.status).toBe(401);
        expect(answer.headers.get('content-type')).toContain('text/plain');
      }
    }
  });

  it('answers a PUT by a read-only token with 403, which Nx passes over', async () => {
    const { url, tokens } = await testServer();
    expect((await put(url, tokens.reader, hash, await nxArchive({}))).status).toBe(403);
    expect((await get(url, tokens.reader, hash)).status).toBe(404);
  });

  it('refuses with 403 an archive that would leave the workspace', async () => {
    const { url, tokens, folder } = await testServer();
    const archive = await nxArchive({ '../../.bashrc': 'echo gotcha' });
    const answer = await put(url, tokens.main, hash, archive);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('../../.bashrc');
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
    expect((await get(url, tokens.main, hash)).status).toBe(404);
  });
});

describe('scopes', () => {
  it('never lets main read the entry that a pull request wrote first (CVE-2025-36852)', async () => {
    const { url, tokens } = await testServer();
    const poison = await nxArchive({ 'dist/app.js': 'steal()' });
    const honest = await nxArchive({ 'dist/app.js': 'work()' });
    expect((await put(url, tokens.pr1, hash, poison)).status).toBe(200);
    expect((await get(url, tokens.main, hash)).status).toBe(404);
    expect((await put(url, tokens.main, hash, honest)).status).toBe(200);
    expect(await holdsSame(await bytesOf(await get(url, tokens.main, hash)), honest)).toBe(true);
    expect(await holdsSame(await bytesOf(await get(url, tokens.laptop, hash)), honest)).toBe(true);
    expect(await holdsSame(await bytesOf(await get(url, tokens.pr2, hash)), honest)).toBe(true);
    expect(await holdsSame(await bytesOf(await get(url, tokens.pr1, hash)), poison)).toBe(true);
  });

  it('lets a pull request read main, and not another pull request', async () => {
    const { url, tokens } = await testServer();
    await put(url, tokens.main, '1', await nxArchive({ 'dist/a': 'main' }));
    await put(url, tokens.pr2, '2', await nxArchive({ 'dist/a': 'pr2' }));
    expect((await get(url, tokens.pr1, '1')).status).toBe(200);
    expect((await get(url, tokens.pr1, '2')).status).toBe(404);
  });
});

describe('bad input', () => {
  it('keeps nothing of an upload that is cut off half-way', async () => {
    const { url, tokens, folder } = await testServer();
    const archive = await nxArchive({ 'dist/a': randomBytes(400_000) });
    await rawPut(url, tokens.main, archive.length, archive.subarray(0, 200_000), 'cut');
    await expect.poll(() => readdir(join(folder, 'incoming'))).toEqual([]);
    expect((await get(url, tokens.main, hash)).status).toBe(404);
  });

  it('takes an upload without a Content-Length when its chunks are whole', async () => {
    const { url, tokens } = await testServer();
    const archive = await nxArchive({ 'dist/a': 'chunked' });
    const body = new Blob([new Uint8Array(archive)]).stream();
    const answer = await fetch(`${url}/v1/cache/${hash}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${tokens.main}` },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(answer.status).toBe(200);
  });

  it.each([
    ['too small', -50],
    ['too large', 50],
  ])('stores nothing whole-looking from a Content-Length that is %s', async (_, lie) => {
    const { url, tokens } = await testServer({ limits: { stallMs: 300 } });
    const archive = await nxArchive({ 'dist/a': randomBytes(4_000) });
    const answer = await rawPut(url, tokens.main, archive.length + lie, archive, 'wait');
    expect(answer).not.toContain(' 200 ');
    expect((await get(url, tokens.main, hash)).status).toBe(404);
  });

  it('cuts off a sender that trickles, with 408', async () => {
    const { url, tokens, folder } = await testServer({ limits: { stallMs: 200 } });
    const archive = await nxArchive({ 'dist/a': randomBytes(100_000) });
    const answer = await rawPut(
      url,
      tokens.main,
      archive.length,
      archive.subarray(0, 1_000),
      'wait',
    );
    expect(answer).toContain(' 408 ');
    await expect.poll(() => readdir(join(folder, 'incoming'))).toEqual([]);
  });

  it('goes on, and leaves no file open, when readers go away in the middle', async () => {
    const { url, tokens, folder } = await testServer();
    // More than the sockets' buffers hold.
    const archive = await nxArchive({ 'dist/a': randomBytes(20_000_000) });
    await put(url, tokens.main, hash, archive);
    for (let at = 0; at < 4; at += 1) {
      const reader = (await get(url, tokens.main, hash)).body!.getReader();
      if (at % 2 === 0) await reader.read();
      await reader.cancel();
    }
    await expect.poll(() => openFilesIn(folder)).toEqual([]);
    expect(await holdsSame(await bytesOf(await get(url, tokens.main, hash)), archive)).toBe(true);
  });

  it('answers a body that is no archive with 403', async () => {
    const { url, tokens } = await testServer();
    expect((await put(url, tokens.main, hash, Buffer.from('no gzip'))).status).toBe(403);
    expect((await put(url, tokens.main, hash, Buffer.alloc(0))).status).toBe(403);
  });

  it.each([100_000, 1_000_000])(
    'takes a damaged entry of %i bytes for a miss and sets it aside',
    async (size) => {
      const { url, tokens, folder } = await testServer();
      const archive = await nxArchive({ 'dist/a': randomBytes(size) });
      await put(url, tokens.main, hash, archive);
      expect((await get(url, tokens.main, hash)).status).toBe(200);
      const file = join(folder, 'entries/main/89', hash);
      const bytes = await readFile(file);
      bytes[500]! ^= 1;
      await writeFile(file, bytes);
      expect((await get(url, tokens.main, hash)).status).toBe(404);
      expect(await readdir(join(folder, 'quarantine'))).toHaveLength(1);
      expect((await put(url, tokens.main, hash, archive)).status).toBe(200);
      expect(await holdsSame(await bytesOf(await get(url, tokens.main, hash)), archive)).toBe(true);
    },
  );
});

/** The entries that this process, in which the server runs, has open. @see proc(5), /proc/pid/fd */
async function openFilesIn(folder: string): Promise<string[]> {
  const names = await readdir('/proc/self/fd').catch(() => []);
  const files = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')),
  );
  return files.filter((file) => file.startsWith(join(folder, 'entries')));
}

/** A PUT byte by byte, as an ordinary client would not send it. Resolves to all that came back. */
function rawPut(
  url: string,
  token: string,
  contentLength: number,
  body: Buffer,
  then: 'cut' | 'wait',
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
      if (/^HTTP\/1.1 \d/.test(answer)) socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(
      `PUT /v1/cache/${hash} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/octet-stream\r\nContent-Length: ${contentLength}\r\n\r\n`,
    );
    socket.write(body, () => {
      if (then === 'cut') socket.resetAndDestroy();
    });
  });
}
