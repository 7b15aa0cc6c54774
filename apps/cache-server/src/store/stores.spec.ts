import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { holdsSame, nxArchive } from '../../test/archive';
import { s3Server, s3ServerFile, type S3Server } from '../../test/s3-server';
import { temporaryFolder } from '../../test/temporary-folder';
import { bytesOf, get, put, testServer, type RawConfig } from '../../test/test-server';

function s3Store({ bucket, endpoint }: S3Server) {
  return { kind: 's3', bucket, endpoint, forcePathStyle: true } as const;
}

describe('the S3 store', () => {
  beforeEach(({ skip }) =>
    skip(!s3ServerFile, 'missing: an S3 server, which nx run cache-server:test-tools builds'),
  );

  it.each([1_000, 20_000_000])(
    'gives back %i bytes, of which it sends large ones in parts',
    async (size) => {
      const s3 = await s3Server();
      const { url, tokens } = await testServer({
        store: s3Store(s3),
        stateDirectory: await temporaryFolder(),
      });
      const archive = await nxArchive({ 'dist/ä/b': randomBytes(size) });
      expect((await put(url, tokens.main, '1', archive)).status).toBe(200);
      expect(await readdir(join(s3.folder, 'nx-cache/main'))).toEqual(['1']);
      const response = await get(url, tokens.pr1, '1');
      expect(await holdsSame(await bytesOf(response), archive)).toBe(true);
      expect((await get(url, tokens.main, '2')).status).toBe(404);
    },
  );

  it('keeps the first of two uploads, also when two servers share the bucket', async () => {
    const store = s3Store(await s3Server());
    const one = await testServer({ store, stateDirectory: await temporaryFolder() });
    const other = await testServer({ store, stateDirectory: await temporaryFolder() });
    const first = await nxArchive({ 'dist/a': 'first' });
    expect((await put(one.url, one.tokens.main, '1', first)).status).toBe(200);
    const second = await nxArchive({ 'dist/a': randomBytes(9_000_000) });
    expect((await put(other.url, other.tokens.main, '1', second)).status).toBe(409);
    expect(
      await holdsSame(await bytesOf(await get(other.url, other.tokens.main, '1')), first),
    ).toBe(true);
  });

  it('takes an object that somebody has changed for a miss', async () => {
    const s3 = await s3Server();
    const { url, tokens } = await testServer({
      store: s3Store(s3),
      stateDirectory: await temporaryFolder(),
    });
    await put(url, tokens.main, '1', await nxArchive({ 'dist/a': randomBytes(1_000) }));
    const file = join(s3.folder, 'nx-cache/main/1');
    const bytes = await readFile(file);
    bytes[500]! ^= 1;
    await writeFile(file, bytes);
    expect((await get(url, tokens.main, '1')).status).toBe(404);
  });

  it('tidies the bucket when it is the only store', async () => {
    const s3 = await s3Server();
    const { url, tokens } = await testServer({
      store: s3Store(s3),
      stateDirectory: await temporaryFolder(),
      keep: { maxBytes: 300_000, checkEveryMs: 50 },
    });
    const archive = await nxArchive({ 'dist/a': randomBytes(200_000) });
    for (const hash of ['1', '2']) await put(url, tokens.main, hash, archive);
    await expect.poll(() => readdir(join(s3.folder, 'nx-cache/main'))).toEqual(['2']);
  });

  it('is a miss while the store is down, and a failed upload', async () => {
    const s3 = await s3Server();
    const { url, tokens } = await testServer({
      store: s3Store(s3),
      stateDirectory: await temporaryFolder(),
    });
    await s3.stop();
    expect((await get(url, tokens.main, '1')).status).toBe(404);
    expect((await put(url, tokens.main, '1', await nxArchive({}))).status).toBe(500);
    expect((await fetch(`${url}/ready`)).status).toBe(503);
  });

  it('behind a disk: brings back what the disk has lost, and takes later what it missed', async () => {
    const s3 = await s3Server();
    const directory = await temporaryFolder();
    const store = { kind: 'tiers', front: { kind: 'disk', directory }, back: s3Store(s3) } as const;
    const { url, tokens } = await testServer({ store });
    const archive = await nxArchive({ 'dist/a': randomBytes(300_000) });
    await put(url, tokens.main, '1', archive);
    await expect
      .poll(() => readdir(join(s3.folder, 'nx-cache/main')).catch(() => []))
      .toEqual(['1']);
    await rm(join(directory, 'entries'), { recursive: true });
    expect(await holdsSame(await bytesOf(await get(url, tokens.main, '1')), archive)).toBe(true);
    await expect.poll(() => readdir(join(directory, 'pending'))).toEqual([]);

    await s3.stop();
    expect((await put(url, tokens.main, '2', archive)).status).toBe(200);
    expect((await get(url, tokens.main, '3')).status).toBe(404);
    expect(await readdir(join(directory, 'pending'))).toEqual(['main@2']);
  });
});

describe('a disk in front of another server', () => {
  it('reads and writes each scope with its own token there, and keeps others here', async () => {
    const far = await testServer();
    const back = { kind: 'server', url: far.url, tokens: { main: far.tokens.main } } as const;
    const store = {
      kind: 'tiers',
      front: { kind: 'disk', directory: await temporaryFolder() },
      back,
    } as const;
    const near = await testServer({ store } satisfies Partial<RawConfig>);
    const archive = await nxArchive({ 'dist/a': randomBytes(1_000) });
    await put(far.url, far.tokens.main, '1', archive);
    expect(await holdsSame(await bytesOf(await get(near.url, near.tokens.pr1, '1')), archive)).toBe(
      true,
    );

    await put(near.url, near.tokens.main, '2', archive);
    await expect.poll(async () => (await get(far.url, far.tokens.main, '2')).status).toBe(200);
    await put(near.url, near.tokens.pr1, '3', archive);
    expect((await get(far.url, far.tokens.main, '3')).status).toBe(404);
    expect(await readdir(join(far.folder, 'entries'))).toEqual(['main']);
  });
});
