// Takes 90 s.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { newStoreKey } from '../src/encryption/key-ring';
import { holdsSame, nxArchive } from './archive';
import { emulators, type Emulator } from './emulators';
import { filesThatHold } from './files';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, metricsOf, put, testServer, type RawConfig } from './test-server';

const marker = Buffer.from(randomBytes(24).toString('base64url'));
const outputName = 'secret-project-name';

async function archiveOf(size: number): Promise<Buffer> {
  const content = randomBytes(size);
  marker.copy(content, 1_000);
  return nxArchive({ [`dist/${outputName}/ä/b`]: content });
}

async function serverAt({ store }: Emulator, more: Partial<RawConfig> = {}) {
  return testServer({ store, stateDirectory: await temporaryFolder(), ...more });
}

describe.each(['s3', 'gcs', 'azure'] as const)('a bucket of the kind %s', (kind) => {
  const start = emulators[kind];
  let emulator: Emulator;
  beforeEach(async ({ skip }) => {
    skip(
      !start,
      `missing: an emulator of ${kind}, which nx run cache-server:test-emulators brings`,
    );
    emulator = await (start as () => Promise<Emulator>)();
  }, 120_000);

  it('gives back what was stored, once, and keeps the first', { timeout: 240_000 }, async () => {
    const [one, other] = [await serverAt(emulator), await serverAt(emulator)];
    for (const [hash, size] of [
      ['1', 50_000],
      ['2', 20_000_000],
    ] as const) {
      // prettier-ignore
      const archive = await archiveOf(size);
      expect((await get(one.url, one.tokens.main, hash)).status).toBe(404);
      expect((await put(one.url, one.tokens.main, hash, archive)).status).toBe(200);
      const bytes = await bytesOf(await get(other.url, other.tokens.pr1, hash));
      expect(await holdsSame(bytes, archive)).toBe(true);
      expect((await put(other.url, other.tokens.main, hash, await archiveOf(9_000))).status).toBe(409); // prettier-ignore
      const again = await bytesOf(await get(one.url, one.tokens.main, hash));
      expect(await holdsSame(again, archive)).toBe(true);
      const headers = { authorization: `Bearer ${one.tokens.main}` };
      const head = await fetch(`${one.url}/v1/cache/${hash}`, { method: 'HEAD', headers });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(again.length)]); // prettier-ignore
    }
    const fresh = await serverAt(emulator);
    await expect.poll(async () => (await metricsOf(fresh.url, fresh.tokens.main)).match(/_entries (\d+)/)?.[1]).toBe('2'); // prettier-ignore
  });

  it('takes a changed object for a miss, and another upload in its place', async () => {
    const { url, tokens } = await serverAt(emulator);
    for (const encryption of [undefined, { keys: [{ text: newStoreKey().text }] }]) {
      const server = encryption ? await serverAt(emulator, { encryption }) : { url, tokens };
      const hash = encryption ? 'sealed' : 'plain';
      const archive = await archiveOf(300_000);
      expect((await put(server.url, server.tokens.main, hash, archive)).status).toBe(200);
      await emulator.change(`nx-cache/main/${hash}`, (bytes) => {
        bytes[100_000]! ^= 1;
        return bytes;
      });
      expect((await get(server.url, server.tokens.main, hash)).status).toBe(404);
      expect((await put(server.url, server.tokens.main, hash, archive)).status).toBe(200);
      const bytes = await bytesOf(await get(server.url, server.tokens.main, hash));
      expect(await holdsSame(bytes, archive)).toBe(true);
    }
  });

  it('holds nothing in the clear with a key, and starts with no other', async () => {
    const encryption = { keys: [{ text: newStoreKey().text }] };
    const plain = await serverAt(emulator);
    const archives = { small: await archiveOf(50_000), large: await archiveOf(3_000_000) };
    expect((await put(plain.url, plain.tokens.main, 'control', archives.small)).status).toBe(200);
    expect(await filesThatHold(emulator.folder, [marker])).not.toEqual([]);
    // The first server with a key takes away what lies there in the clear.
    const stateDirectory = await temporaryFolder();
    const first = await serverAt(emulator, { encryption, stateDirectory });
    await expect.poll(async () => (await fetch(`${first.url}/v1/cache/control`, { method: 'HEAD', headers: { authorization: `Bearer ${first.tokens.main}` } })).status).toBe(404); // prettier-ignore
    await expect.poll(async () => (await get(plain.url, plain.tokens.main, 'control')).status).toBe(404); // prettier-ignore
    for (const [hash, archive] of Object.entries(archives))
      expect((await put(first.url, first.tokens.main, hash, archive)).status).toBe(200);
    const sealed = await serverAt(emulator, { encryption });
    for (const [hash, archive] of Object.entries(archives)) {
      const bytes = await bytesOf(await get(sealed.url, sealed.tokens.main, hash));
      expect(await holdsSame(bytes, archive)).toBe(true);
    }
    // Azurite appends to one file, in which what was removed stays for a while.
    for (const folder of [stateDirectory, ...(kind === 'azure' ? [] : [emulator.folder])])
      expect(await filesThatHold(folder, [marker, outputName])).toEqual([]);
    for (const other of [undefined, { keys: [{ text: newStoreKey().text }] }])
      await expect(serverAt(emulator, { encryption: other })).rejects.toThrow(/entries are encrypted with key/); // prettier-ignore
  });

  it('is served by the files that are shipped', async () => {
    const folder = await temporaryFolder();
    const more = { store: emulator.store, stateDirectory: folder };
    const { url, tokens } = await serverProcess(folder, more);
    const archive = await archiveOf(300_000);
    expect((await put(url, tokens.main, '1', archive)).status).toBe(200);
    expect(await holdsSame(await bytesOf(await get(url, tokens.main, '1')), archive)).toBe(true);
  });

  it('tidies the bucket when it is the only store', async () => {
    const keep = { maxBytes: 300_000, checkEveryMs: 50 };
    const { url, tokens } = await serverAt(emulator, { keep });
    const archive = await nxArchive({ 'dist/a': randomBytes(200_000) });
    for (const hash of ['1', '2']) await put(url, tokens.main, hash, archive);
    const evicted = async () => /evicted_total (\d+)/.exec(await metricsOf(url, tokens.main))?.[1];
    await expect.poll(evicted).toBe('1');
    expect((await get(url, tokens.main, '1')).status).toBe(404);
    expect((await get(url, tokens.main, '2')).status).toBe(200);
  });

  it(
    'is a miss while it is down, and takes later what it missed',
    { timeout: 240_000 },
    async () => {
      const directory = await temporaryFolder();
      const store = {
        kind: 'tiers',
        front: { kind: 'disk', directory },
        back: emulator.store,
      } as const;
      const { url, tokens } = await testServer({ store });
      const archive = await archiveOf(300_000);
      await put(url, tokens.main, '1', archive);
      const other = await serverAt(emulator);
      await expect
        .poll(async () => (await get(other.url, other.tokens.main, '1')).status)
        .toBe(200);
      await rm(join(directory, 'entries'), { recursive: true });
      expect(await holdsSame(await bytesOf(await get(url, tokens.main, '1')), archive)).toBe(true);

      await emulator.stop();
      expect((await put(url, tokens.main, '2', archive)).status).toBe(200);
      expect((await get(other.url, other.tokens.main, '1')).status).toBe(404);
      expect((await put(other.url, other.tokens.main, '3', archive)).status).toBe(500);
      await expect.poll(async () => (await fetch(`${other.url}/ready`)).status).toBe(503);
    },
  );
});

it('a container without an account ends the start in one line that does not show it', async () => {
  const folder = await temporaryFolder();
  process.env.AZURE_STORAGE_CONNECTION_STRING = 'AccountKey=not-a-secret';
  const store = { kind: 'azure', container: 'cache' } as const;
  const started = serverProcess(folder, { store, stateDirectory: folder });
  const { message } = await started.then(() => new Error('it started'), (error: Error) => error); // prettier-ignore
  expect(message).toContain('AZURE_STORAGE_CONNECTION_STRING in the environment is no connection');
  expect(message).not.toContain('not-a-secret');
});
