import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../src/config/load-config';
import { KeyRing, newStoreKey } from '../src/encryption/key-ring';
import { startServer } from '../src/start-server';
import { holdsSame, nxArchive } from './archive';
import { filesThatHold } from './files';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, metricsOf, put, teamConfig, type RawConfig } from './test-server';

/** Answered from memory; written at once; written as they come. */
const sizes = { small: 50_000, gathered: 400_000, large: 4_000_000 };
const marker = Buffer.from(randomBytes(24).toString('base64url'));
const outputName = 'secret-project-name';

/** What does not pack, so that without encryption the marker lies there as it is. */
function archiveOf(size: number): Promise<Buffer> {
  const content = randomBytes(size);
  marker.copy(content, 1_000);
  return nxArchive({ [`dist/${outputName}/a`]: content });
}

const bySize = Promise.all(
  Object.entries(sizes).map(async ([hash, size]) => [hash, await archiveOf(size)] as const),
);

/** One folder, served again and again with other keys. */
async function folderWithKeys() {
  const folder = await temporaryFolder();
  const known = teamConfig(folder);
  const { tokens } = known;
  const serve = async (encryption?: RawConfig['encryption']) => {
    const config = { ...known.config, ...(encryption ? { encryption } : {}) };
    const server = await startServer(parseConfig(config, {}, folder));
    let isStopped = false;
    const stop = async () => {
      if (!isStopped) await server.stop();
      isStopped = true;
    };
    onTestFinished(stop);
    return { ...server, stop };
  };
  return { folder, tokens, serve };
}

const key = () => ({ text: newStoreKey().text });
const idOf = ({ text }: { text: string }) =>
  new KeyRing([Buffer.from(text.slice(5), 'base64url')]).currentId;

describe('encryption at rest', () => {
  it('leaves nothing of an entry in the clear, and gives back all of it', async () => {
    const { folder, tokens, serve } = await folderWithKeys();
    const one = key();
    let { url, stop } = await serve({ keys: [one] });
    for (const [hash, archive] of await bySize)
      expect((await put(url, tokens.main, hash, archive)).status).toBe(200);
    await stop();
    const secrets = [marker, outputName, one.text, Buffer.from(one.text.slice(5), 'base64url')];
    expect(await filesThatHold(folder, secrets)).toEqual([]);

    ({ url, stop } = await serve({ keys: [one] }));
    for (const [hash, archive] of await bySize) {
      const whole = await get(url, tokens.pr1, hash);
      const bytes = await bytesOf(whole);
      expect(await holdsSame(bytes, archive), hash).toBe(true);
      const etag = whole.headers.get('etag')!;
      for (const from of [1, 65_535, 65_536, 65_537, 131_072, bytes.length - 1]) {
        if (from >= bytes.length) continue;
        const headers = {
          authorization: `Bearer ${tokens.main}`,
          range: `bytes=${from}-`,
          'if-range': etag,
        };
        const rest = await fetch(`${url}/v1/cache/${hash}`, { headers });
        expect(rest.status).toBe(206);
        expect((await bytesOf(rest)).equals(bytes.subarray(from)), `${hash} ${from}`).toBe(true);
      }
    }
  });

  it('is what the search finds missing: without keys the same search finds it', async () => {
    const { folder, tokens, serve } = await folderWithKeys();
    const { url, stop } = await serve();
    for (const [hash, archive] of await bySize) await put(url, tokens.main, hash, archive);
    await stop();
    for (const hash of Object.keys(sizes))
      expect(
        await filesThatHold(join(folder, 'entries/main', hash.slice(-2)), [marker]),
      ).toHaveLength(1);
    expect(await filesThatHold(folder, [outputName])).not.toEqual([]);
  });

  it('takes a changed byte, and an entry in the place of another, for a miss', async () => {
    const { folder, tokens, serve } = await folderWithKeys();
    const keys = { keys: [key()] };
    let { url, stop } = await serve(keys);
    for (const [hash, archive] of await bySize) {
      await put(url, tokens.main, hash, archive);
      await put(url, tokens.pr1, hash, archive);
    }
    await stop();
    for (const [at, hash] of Object.keys(sizes).entries()) {
      const fileOf = (scope: string) => join(folder, 'entries', scope, hash.slice(-2), hash);
      await rename(fileOf('pr-1'), fileOf('main'));
      if (at === 0) continue;
      const bytes = await readFile(fileOf('main'));
      bytes[at * 20_000]! ^= 1;
      await writeFile(fileOf('main'), bytes);
    }
    ({ url, stop } = await serve(keys));
    for (const hash of Object.keys(sizes))
      expect((await get(url, tokens.main, hash)).status, hash).toBe(404);

    for (const [hash, archive] of await bySize) await put(url, tokens.main, hash, archive);
    await stop();
    for (const hash of Object.keys(sizes)) {
      const file = join(folder, 'entries/main', hash.slice(-2), hash);
      const bytes = await readFile(file);
      bytes[30_000]! ^= 1;
      await writeFile(file, bytes);
    }
    ({ url, stop } = await serve(keys));
    for (const hash of Object.keys(sizes))
      expect((await get(url, tokens.main, hash)).status, hash).toBe(404);
    expect(await metricsOf(url, tokens.main)).toContain('excel2doc_cache_damaged_total 3');
  });

  it('rotates: a new key for what is new, the old one for what is old, until it is retired', async () => {
    const { folder, tokens, serve } = await folderWithKeys();
    const [old, fresh] = [key(), key()];
    const archive = await archiveOf(sizes.gathered);
    let { url, stop } = await serve({ keys: [old] });
    await put(url, tokens.main, 'old', archive);
    await stop();
    ({ url, stop } = await serve({ keys: [fresh, old] }));
    expect((await get(url, tokens.main, 'old')).status).toBe(200);
    await put(url, tokens.main, 'new', archive);
    expect(await filesThatHold(join(folder, 'entries'), [idOf(fresh)])).toHaveLength(1);
    await stop();

    await expect(serve({ keys: [fresh] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `entries are encrypted with key ${idOf(old)}, which is not under encryption.keys`,
    });
    ({ url, stop } = await serve({ keys: [fresh], retired: [idOf(old)] }));
    expect((await get(url, tokens.main, 'new')).status).toBe(200);
    expect((await get(url, tokens.main, 'old')).status).toBe(404);
    await expect.poll(() => filesThatHold(join(folder, 'entries'), [idOf(old)])).toEqual([]);
    await expect.poll(() => readdir(join(folder, 'keys'))).toEqual([idOf(fresh), 'only-sealed'].sort()); // prettier-ignore
    await stop();
    // What was given up needs no mention any more.
    await serve({ keys: [fresh] });
  });

  it('counts what no key opens as a miss, and lets it be stored anew', async () => {
    const other = await folderWithKeys();
    const far = await other.serve({ keys: [key()] });
    for (const [hash, archive] of await bySize)
      await put(far.url, other.tokens.main, hash, archive);
    const { folder, tokens, serve } = await folderWithKeys();
    const keys = { keys: [key()] };
    let { url, stop } = await serve(keys);
    await expect.poll(() => readdir(join(folder, 'keys'))).toContain('only-sealed');
    await stop();
    // As a disk would look that was put together from two backups.
    await cp(join(other.folder, 'entries'), join(folder, 'entries'), { recursive: true });
    ({ url, stop } = await serve(keys));
    const headers = { authorization: `Bearer ${tokens.main}` };
    for (const [hash, archive] of await bySize) {
      expect((await get(url, tokens.main, hash)).status, hash).toBe(404);
      const head = await fetch(`${url}/v1/cache/${hash}`, { method: 'HEAD', headers });
      expect(head.status, hash).toBe(404);
      expect((await put(url, tokens.main, hash, archive)).status, hash).toBe(200);
      const bytes = await bytesOf(await get(url, tokens.main, hash));
      expect(await holdsSame(bytes, archive), hash).toBe(true);
      expect((await put(url, tokens.main, hash, archive)).status, hash).toBe(409);
    }
    const metrics = await metricsOf(url, tokens.main);
    expect(metrics).toContain('excel2doc_cache_unreadable_total 3');
    expect(metrics).toContain('excel2doc_cache_damaged_total 0');
  });

  it('leaves nothing in the clear of what was there before it was turned on, nor sealed after', async () => {
    const { folder, tokens, serve } = await folderWithKeys();
    let { url, stop } = await serve();
    for (const [hash, archive] of await bySize) await put(url, tokens.main, hash, archive);
    await stop();
    const one = key();
    ({ url, stop } = await serve({ keys: [one] }));
    expect((await get(url, tokens.main, 'large')).status).toBe(404);
    await expect.poll(() => readdir(join(folder, 'keys'))).toContain('only-sealed');
    expect(await filesThatHold(folder, [marker, outputName])).toEqual([]);
    expect((await put(url, tokens.main, 'small', await archiveOf(50_000))).status).toBe(200);
    await stop();

    await expect(serve()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    ({ url, stop } = await serve({ retired: [idOf(one)] }));
    await expect.poll(() => readdir(join(folder, 'keys'))).toEqual([]);
    expect((await get(url, tokens.main, 'small')).status).toBe(404);
    expect((await put(url, tokens.main, 'small', await archiveOf(50_000))).status).toBe(200);
  });

  it('ends the start in one line without its key, and no line ever shows a key', async () => {
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const [one, wrong] = [key(), key()];
    await writeFile(join(folder, 'store.key'), `${one.text}\n`);
    const file = { keys: [{ file: 'store.key' }] };
    const server = await serverProcess(folder, { encryption: file, log: 'debug' }, known);
    const { url, tokens } = server;
    expect((await put(url, tokens.main, '1', await archiveOf(50_000))).status).toBe(200);
    expect((await get(url, tokens.main, '1')).status).toBe(200);
    await server.kill();
    const secret = one.text.slice(5);
    expect(server.output()).not.toContain(secret);

    const start = (encryption: RawConfig['encryption']) =>
      serverProcess(folder, { encryption, log: 'debug' }, known).then(
        () => 'it started',
        (error: Error) => error.message,
      );
    const cases: [string, RawConfig['encryption'], RegExp][] = [
      ['none', undefined, /entries are encrypted with key [0-9a-f]{16}, which is not under/],
      ['a wrong one', { keys: [wrong] }, /entries are encrypted with key [0-9a-f]{16}, which/],
      ['a cut one', { keys: [{ text: one.text.slice(0, -1) }] }, /keys\[0\]: its text is no key/],
      ['another kind', { keys: [{ file: 'cache.yaml' }] }, /keys\[0\]: .*cache.yaml is no key/],
      ['no file', { keys: [{ file: 'nowhere' }] }, /keys\[0\]: cannot read .*nowhere/],
      ['both', { keys: [{ file: 'store.key', text: one.text }] }, /write either file or text/],
    ];
    for (const [what, encryption, message] of cases) {
      const output = await start(encryption);
      expect(output, what).toMatch(message);
      // The line, and a hint.
      expect(output.trim().split('\n').length, what).toBeLessThanOrEqual(2);
      for (const text of [secret.slice(0, 20), wrong.text.slice(5, 25)])
        expect(output, what).not.toContain(text);
    }
    const again = await serverProcess(folder, { encryption: file }, known);
    expect((await get(again.url, tokens.main, '1')).status).toBe(200);
  });
});
