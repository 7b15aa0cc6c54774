import { createHash } from 'node:crypto';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, inject, it } from 'vitest';
import { NameBudget } from '../src/archive/entry-names';
import { Normaliser } from '../src/archive/normaliser';
import { newSigningKey } from '../src/signing/signature';
import { encodeFooter } from '../src/entry/footer';
import { decodeFooter } from '../src/store/disk-format';
import { contentsOf, nxArchive } from './archive';
import { nxWorkspace, type NxWorkspace } from './nx-workspace';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, put, teamConfig, testServer } from './test-server';

const main = newSigningKey();
const old = newSigningKey();

interface Job {
  token: string;
  signs?: string;
  trusts?: string;
}

/** One run of Nx behind the edge, on a machine that has nothing yet. */
async function run(
  workspace: NxWorkspace,
  { url }: { url: string },
  { token, signs, trusts }: Job,
) {
  await workspace.forget();
  const { ended } = workspace.start(
    [inject('mainFile'), 'edge', '--upstream', url, '--', process.execPath, workspace.nxFile, 'run-many', '-t', 'build'], // prettier-ignore
    {
      EXCEL2DOC_CACHE_TOKEN: token,
      EXCEL2DOC_CACHE_SIGNING_KEY: signs,
      EXCEL2DOC_CACHE_TRUSTED_KEYS: trusts,
      XDG_CACHE_HOME: await temporaryFolder(),
    },
  );
  const { status, output } = await ended;
  const made = await readFile(join(workspace.folder, 'dist/p0/out.txt'), 'utf8');
  return { status, output, isHit: output.includes('[remote cache]'), made: made.slice(0, 5) };
}

/** The files of a server's entries; who has its disk can do with them what he likes. */
async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'entries'), { recursive: true });
  const files = names.map((name) => join(folder, 'entries', name));
  const kinds = await Promise.all(files.map(async (file) => (await stat(file)).isFile()));
  return files.filter((_, at) => kinds[at]).sort();
}

/** The same entry with another content, as only somebody with the disk can make it. */
async function forge(file: string, archive: Buffer): Promise<void> {
  const whole = await readFile(file);
  const key = { scope: 'main', hash: basename(file) };
  const found = decodeFooter(whole, whole.length, key, null);
  if (!found || found === 'unreadable') throw new Error(`${file} is no entry`);
  const { record } = found;
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const footer = encodeFooter({ ...record, sizeBytes: archive.length, sha256 }, key, null);
  await writeFile(`${file}.new`, Buffer.concat([archive, footer]));
  await rename(`${file}.new`, file);
}

describe('entries that are signed', { timeout: 180_000 }, () => {
  it('are used by who trusts the key; those that the disk changed are misses', async () => {
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const server = await serverProcess(folder, {}, known);
    const workspace = await nxWorkspace('23.2.1', 1);
    const writer = { token: server.tokens.main, signs: main.privatePem };
    const first = await run(workspace, server, writer);
    expect(first).toMatchObject({ status: 0, isHit: false });
    const reader = { token: server.tokens.pr1, trusts: main.publicPem };
    expect(await run(workspace, server, reader)).toMatchObject({ status: 0, isHit: true });

    // What it has just sent it has in memory; another process has the disk alone.
    await server.kill();
    const [file] = await filesOf(join(folder, 'data'));
    await forge(file!, await nxArchive({ 'dist/p0/out.txt': 'evil '.repeat(50_000) }));
    const again = await serverProcess(folder, {}, known);
    // Who looks at no signature is given what the disk says.
    const careless = await run(workspace, again, { token: server.tokens.pr2 });
    expect(careless).toMatchObject({ status: 0, isHit: true, made: 'evil ' });
    const careful = await run(workspace, again, reader);
    expect(careful).toMatchObject({ status: 0, isHit: false, made: 'out 0' });
    expect(careful.output).toMatch(
      /is not used: its signature by key [0-9a-f]{16} is of something else/,
    );
  });

  it('are none without a signature, or with one of a key that was taken out', async () => {
    const server = await testServer();
    const workspace = await nxWorkspace('23.2.1', 1);
    await run(workspace, server, { token: server.tokens.main, signs: old.privatePem });
    const reader = (trusts: string) => run(workspace, server, { token: server.tokens.reader, trusts }); // prettier-ignore
    expect(await reader(old.publicPem + main.publicPem)).toMatchObject({ isHit: true });
    const after = await reader(main.publicPem);
    expect(after).toMatchObject({ status: 0, isHit: false, made: 'out 0' });
    expect(after.output).toContain(`key ${old.id}, which is not trusted here`);
  });

  it('run without a cache where a key cannot be read, and say so', async () => {
    const server = await testServer();
    const workspace = await nxWorkspace('23.2.1', 1);
    await run(workspace, server, { token: server.tokens.main });
    const job = { token: server.tokens.main, trusts: '/no/such/file' };
    const { status, isHit, output } = await run(workspace, server, job);
    expect({ status, isHit }).toEqual({ status: 0, isHit: false });
    expect(output).toContain('EXCEL2DOC_CACHE_TRUSTED_KEYS is neither a key in PEM nor a file');
    // A variable of CI's that was never made is an empty one, and not "take what comes".
    const unmade = await run(workspace, server, { ...job, trusts: '' });
    expect(unmade).toMatchObject({ status: 0, isHit: false, made: 'out 0' });
    expect(unmade.output).toContain('EXCEL2DOC_CACHE_TRUSTED_KEYS is set, and empty');
  });
});

describe('a signature at the server', () => {
  it('goes with its entry, small or large; what is none is refused', async () => {
    const { url, tokens } = await testServer();
    const signature = `${main.id}.${'A'.repeat(86)}`;
    for (const [hash, bytes] of [
      ['1', 10],
      ['2', 3_000_000],
    ] as const) {
      // prettier-ignore
      const body = await nxArchive({ 'dist/a': createHash('shake256', { outputLength: bytes }).digest() }); // prettier-ignore
      const send = (given: string) =>
        fetch(`${url}/v1/cache/${hash}`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${tokens.main}`, 'x-excel2doc-cache-signature': given },
          body: new Uint8Array(body),
        });
      expect((await send('x'.repeat(5_000))).status).toBe(400);
      expect((await send(signature)).status).toBe(200);
      for (const method of ['GET', 'HEAD']) {
        const answer = await fetch(`${url}/v1/cache/${hash}`, {
          method,
          headers: { authorization: `Bearer ${tokens.main}` },
        });
        expect(answer.headers.get('x-excel2doc-cache-signature')).toBe(signature);
        await answer.arrayBuffer();
      }
    }
    await put(url, tokens.main, '3', await nxArchive({ 'dist/a': 'x' }));
    const plain = await get(url, tokens.main, '3');
    expect(plain.headers.get('x-excel2doc-cache-signature')).toBeNull();
  });

  it('is of what an archive holds, however often it is written anew', async () => {
    const { url, tokens } = await testServer();
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [
        `dist/${'深'.repeat(at)}a${at}/b`,
        'x'.repeat(at * 9_999),
      ]),
    );
    const sent = await nxArchive(files);
    const digests = new Set([await contentDigest(sent)]);
    await put(url, tokens.main, '1', sent);
    const once = await bytesOf(await get(url, tokens.main, '1'));
    digests.add(await contentDigest(once));
    await put(url, tokens.main, '2', once);
    digests.add(await contentDigest(await bytesOf(await get(url, tokens.main, '2'))));
    expect(digests.size).toBe(1);
    const packedOtherwise = gzipSync(gunzipSync(sent), { level: 9 });
    digests.add(await contentDigest(packedOtherwise));
    expect(digests.size).toBe(1);
    digests.add(await contentDigest(await nxArchive({ ...files, 'dist/more': '' })));
    expect(digests.size).toBe(2);
    expect((await contentsOf(once)).size).toBe(32);
  });
});

async function contentDigest(archive: Buffer): Promise<string> {
  const limits = { maxBytes: 1e9, maxUnpackedBytes: 1e9, maxEntries: 1e5, maxRatio: 1e5 };
  const normaliser = new Normaliser(limits, new NameBudget(1e8), () => undefined, {
    digestContent: true,
  });
  try {
    await normaliser.write(archive);
    return (await normaliser.end()).contentSha256!;
  } finally {
    normaliser.release();
  }
}
