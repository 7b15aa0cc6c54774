// Takes 80 s.
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, inject, it } from 'vitest';
import { newStoreKey } from '../src/encryption/key-ring';
import { newSigningKey } from '../src/signing/signature';
import { nodeWithZstd } from '../tools/newer-node.mjs';
import { holdsSame, nxArchive, tarOf, ownEntries } from './archive';
import { emulators } from './emulators';
import { filesThatHold } from './files';
import { nxWorkspace, type NxWorkspace } from './nx-workspace';
import { s3ServerFile } from './s3-server';
import { serverProcess, type ServerProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, put, teamConfig, type RawConfig } from './test-server';
import { asZstd, bomb, unzstd, zstdOf } from './zstd';

const zstdBody = { 'content-type': 'application/x-tar', 'content-encoding': 'zstd' };
const zstdAsked = {
  accept: 'application/x-tar, application/octet-stream',
  'accept-encoding': 'zstd',
};
/** Packs to a third: neither noise nor nothing. */
const hexLines = (bytes: number) => randomBytes(bytes / 2).toString('hex');

const nodes = {
  old: [process.execPath, '--require', join(__dirname, 'no-zstd.cjs')],
  new: [nodeWithZstd()],
};

async function newServer(changes: Partial<RawConfig> = {}, node = nodes.new) {
  const folder = await temporaryFolder();
  const known = teamConfig(join(folder, 'data'));
  return { folder, ...(await serverProcess(folder, changes, known, node)) };
}

interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

/** Without a client's own idea of codings: fetch unpacks what it knows. */
function ask(
  { url }: { url: string },
  token: string,
  hash: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: object; body?: Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${token}`, ...headers };
    const sent = request(`${url}/v1/cache/${hash}`, { method, headers: all }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode, headers } = response;
        const answer = { status: statusCode!, headers: headers as Answer['headers'] };
        resolve({ ...answer, body: Buffer.concat(parts) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const send = (server: ServerProcess, hash: string, body: Buffer, headers: object = zstdBody) =>
  ask(server, server.tokens.main, hash, { method: 'PUT', headers, body });

/** An archive in the plain form, as gzip: what our own server gives back of one. */
async function plain(server: ServerProcess, files: Record<string, string | Buffer>) {
  const hash = `plain${randomBytes(6).toString('hex')}`;
  await put(server.url, server.tokens.main, hash, await nxArchive(files));
  return bytesOf(await get(server.url, server.tokens.main, hash));
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('an archive that comes as zstd', { timeout: 240_000 }, () => {
  it.each([
    ['a block', 30_000],
    ['a few blocks', 900_000],
    ['many blocks', 4_000_000],
  ])('of %s is kept as it came, and given to each as it asks', async (_what, bytes) => {
    const encryption = { keys: [{ text: newStoreKey().text }] };
    for (const changes of [{}, { encryption }]) {
      const server = await newServer(changes);
      const archive = await plain(server, { 'dist/a': hexLines(bytes) });
      const frame = asZstd(archive);
      expect(frame.length).toBeLessThan(archive.length);
      const stored = await send(server, '1', frame);
      expect([stored.status, stored.headers['accept-encoding']]).toEqual([200, 'zstd']);
      expect((await send(server, '1', frame)).status).toBe(409);

      const { main, pr1 } = server.tokens;
      const whole = await ask(server, pr1, '1', { headers: zstdAsked });
      expect(whole.headers).toMatchObject({ ...zstdBody, vary: 'accept, accept-encoding' });
      expect(whole.headers['x-content-sha256']).toBe(sha256(frame));
      expect(whole.body.equals(frame)).toBe(true);
      const from = Math.floor(frame.length / 3);
      const range = { range: `bytes=${from}-`, 'if-range': whole.headers.etag };
      const rest = await ask(server, pr1, '1', { headers: { ...zstdAsked, ...range } });
      expect([rest.status, rest.headers['content-encoding']]).toEqual([206, 'zstd']);
      expect(rest.body.equals(frame.subarray(from))).toBe(true);

      // Nx says nothing; others take zstd of what is a gzip, which is not the same.
      for (const headers of [
        {},
        { 'accept-encoding': 'gzip, zstd' },
        { accept: 'application/x-tar' },
        { ...zstdAsked, 'accept-encoding': 'gzip, zstd;q=0' },
      ]) {
        // prettier-ignore
        const gzip = await ask(server, main, '1', { headers });
        expect(gzip.headers).toMatchObject({ 'content-type': 'application/octet-stream' });
        expect(gzip.headers['content-encoding']).toBeUndefined();
        expect(gzip.headers['x-content-sha256']).toBe(sha256(gzip.body));
        expect(await holdsSame(gzip.body, archive)).toBe(true);
        // A part of one is never taken for a part of the other.
        const other = await ask(server, main, '1', { headers: { ...headers, ...range } });
        expect(other.status).toBe(200);
      }
      const head = { method: 'HEAD' };
      const asZstdHead = await ask(server, main, '1', { ...head, headers: zstdAsked });
      expect(asZstdHead.headers).toMatchObject({
        ...zstdBody,
        'content-length': `${frame.length}`,
      });
      const gzipHead = await ask(server, main, '1', head);
      expect(gzipHead.status).toBe(200);
      expect(gzipHead.headers['content-encoding']).toBeUndefined();
      if (changes.encryption)
        expect(await filesThatHold(server.folder, [frame.subarray(100, 140)])).toEqual([]);
    }
  });

  it('is refused where it could be read another way, costs too much, or is not in its plain form', async () => {
    const server = await newServer();
    const archive = await plain(server, { 'dist/a': hexLines(60_000) });
    const tar = gunzipSync(archive);
    const frame = zstdOf(tar);
    const [text] = [zstdOf(Buffer.from('no tar at all'))];
    const out = zstdOf(await tarOf([{ name: '../out', content: 'x' }, ...ownEntries]));
    const foreign = await tarOf([{ name: 'dist/a', content: hexLines(60_000) }, ...ownEntries]);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]);
    const changed = Buffer.from(frame);
    changed[frame.length - 1]! ^= 1;
    const wide = zstdOf(Buffer.concat([tar, randomBytes(3_000_000)]), { ZSTD_c_windowLog: 22 });
    const attempts: [string, Buffer, number, object?][] = [
      ['no tar', text, 403],
      ['a path out of the workspace', out, 403],
      ['two frames', Buffer.concat([frame, frame]), 403],
      ['a skippable frame in front', Buffer.concat([skippable, frame]), 403],
      ['a skippable frame behind', Buffer.concat([frame, skippable]), 403],
      ['cut off in its checksum', frame.subarray(0, -2), 403],
      ['a wrong checksum', changed, 403],
      ['no checksum', zstdOf(tar, { ZSTD_c_checksumFlag: 0 }), 403],
      ['a window of 4 MiB', wide, 403],
      ['nothing', Buffer.alloc(0), 403],
      ['a gzip that says it is zstd', archive, 403],
      ['zstd around a gzip', zstdOf(archive), 403],
      ['128 MB in 4 KB', bomb(1_000), 403],
      ['16 GB in 500 KB', bomb(125_000), 403],
      ['a tar that is not as we write it', zstdOf(foreign), 415],
      ['the same, large', zstdOf(await tarOf([{ name: 'dist/a', content: hexLines(6_000_000) }, ...ownEntries])), 415], // prettier-ignore
      ['zeros behind the tar', zstdOf(Buffer.concat([tar, Buffer.alloc(512)])), 415],
      ['a coding that nobody knows', frame, 415, { ...zstdBody, 'content-encoding': 'br' }],
      ['two codings', frame, 415, { ...zstdBody, 'content-encoding': 'gzip, zstd' }],
      ['zstd of what is no tar', frame, 415, { ...zstdBody, 'content-type': 'text/plain' }],
      ['zstd that nobody announced', frame, 403, {}],
    ];
    for (const [at, [what, body, status, headers]] of attempts.entries()) {
      const answer = await send(server, `bad${at}`, body, headers);
      expect([answer.status, answer.body.toString()], what).toEqual([status, expect.any(String)]);
      expect((await get(server.url, server.tokens.main, `bad${at}`)).status, what).toBe(404);
    }
    expect((await send(server, 'good', frame)).status).toBe(200);
  });

  it('keeps a server small and awake, however many bombs come at once', async () => {
    const server = await newServer();
    const archive = await plain(server, { 'dist/a': 'x' });
    let running = true;
    const waits: number[] = [];
    const watch = (async () => {
      while (running) {
        const askedMs = performance.now();
        expect((await fetch(`${server.url}/health`)).status).toBe(200);
        waits.push(performance.now() - askedMs);
      }
    })();
    let peak = 0;
    const lanes = Array.from({ length: 32 }, async (_, lane) => {
      for (let at = 0; at < 4; at += 1) {
        expect((await send(server, `${lane}x${at}`, bomb(at % 2 === 0 ? 1_000 : 60_000))).status).toBe(403); // prettier-ignore
        const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)![1]) * 1024);
      }
    });
    await Promise.all(lanes);
    running = false;
    await watch;
    expect(peak).toBeLessThan(512 * 1024 * 1024);
    expect(waits.length).toBeGreaterThan(20);
    expect((await send(server, 'good', asZstd(archive))).status).toBe(200);
  });

  it('is not offered, and refused, by a server without zstd', async () => {
    const server = await newServer({}, nodes.old);
    const archive = await plain(server, { 'dist/a': hexLines(60_000) });
    const answer = await send(server, '1', asZstd(archive));
    expect([answer.status, answer.headers['accept-encoding']]).toEqual([415, undefined]);
    expect((await send(server, '1', archive, {})).status).toBe(200);
    expect((await ask(server, server.tokens.main, '1', { headers: zstdAsked })).body.equals(archive)).toBe(true); // prettier-ignore
  });
});

it(
  'a bucket keeps zstd as well, and a server without it has misses there and harms nothing',
  { timeout: 240_000 },
  async ({ skip }) => {
    skip(!s3ServerFile, 'missing: an S3 server, which nx run cache-server:test-tools builds');
    const { store } = await emulators.s3();
    const servers = async (node: string[]) => {
      const stateDirectory = await temporaryFolder();
      return newServer({ store, stateDirectory }, node);
    };
    const one = await servers(nodes.new);
    const archive = await plain(one, { 'dist/a': hexLines(200_000) });
    const frame = asZstd(archive);
    expect((await send(one, '1', frame)).status).toBe(200);
    const old = await servers(nodes.old);
    expect((await get(old.url, old.tokens.main, '1')).status).toBe(404);
    expect((await put(old.url, old.tokens.main, '1', archive)).status).toBe(409);
    const other = await servers(nodes.new);
    expect(
      (await ask(other, other.tokens.main, '1', { headers: zstdAsked })).body.equals(frame),
    ).toBe(true);
    expect(
      await holdsSame(await bytesOf(await get(other.url, other.tokens.main, '1')), archive),
    ).toBe(true);
  },
);

/** Of each file of an entry, how its content is packed. @see src/store/disk-format.ts */
async function packingsIn(folder: string): Promise<string[]> {
  const entries = join(folder, 'data/entries');
  const found: string[] = [];
  for (const name of await readdir(entries, { recursive: true })) {
    const file = join(entries, name);
    if (!(await stat(file)).isFile()) continue;
    const bytes = await readFile(file);
    const version = bytes.readUInt32BE(bytes.length - 8);
    found.push(version >= 3 ? 'zstd' : 'gzip');
  }
  return found;
}

/** Each project's output is large enough for zstd, and like text. */
async function textWorkspace(projects: number): Promise<NxWorkspace> {
  const workspace = await nxWorkspace('23.2.1', projects);
  for (let at = 0; at < projects; at += 1) {
    const file = join(workspace.folder, `libs/p${at}/project.json`);
    const project = JSON.parse(await readFile(file, 'utf8')) as {
      targets: { build: { options: { command: string } } };
    };
    const script = `const fs = require('node:fs'), { createHash } = require('node:crypto');
      fs.mkdirSync('dist/p${at}', { recursive: true });
      const lines = Array.from({ length: 3000 }, (_, n) => createHash('sha256').update('${at} ' + n).digest('hex'));
      fs.writeFileSync('dist/p${at}/out.txt', lines.join('\\n'));`;
    await writeFile(join(workspace.folder, `make${at}.cjs`), script);
    project.targets.build.options.command = `node make${at}.cjs`;
    await writeFile(file, JSON.stringify(project));
  }
  return workspace;
}

describe('edges and servers of any Node', { timeout: 400_000 }, () => {
  const keys = newSigningKey();

  /** One run of Nx behind the edge, on a machine that has nothing yet. */
  const run = async (
    workspace: NxWorkspace,
    { url }: { url: string },
    token: string,
    [node = '', ...flags]: readonly string[],
  ) => {
    // prettier-ignore
    await workspace.forget();
    const { ended } = workspace.start(
      [...flags, inject('mainFile'), 'edge', '--upstream', url, '--', process.execPath, workspace.nxFile, 'run-many', '-t', 'build'], // prettier-ignore
      {
        EXCEL2DOC_CACHE_TOKEN: token,
        EXCEL2DOC_CACHE_SIGNING_KEY: keys.privatePem,
        EXCEL2DOC_CACHE_TRUSTED_KEYS: keys.publicPem,
        XDG_CACHE_HOME: await temporaryFolder(),
      },
      node,
    );
    const { status, output } = await ended;
    const hits = output.match(/\[remote cache\]/g)?.length ?? 0;
    const made = await readFile(join(workspace.folder, 'dist/p0/out.txt'), 'utf8');
    return { status, hits, made: sha256(Buffer.from(made)), warned: output.includes('excel2doc-cache:') }; // prettier-ignore
  };

  it.each([
    ['new', 'new', 'zstd'],
    ['new', 'old', 'gzip'],
    ['old', 'new', 'gzip'],
  ] as const)(
    'what a %s edge sends to a %s server, as %s, every edge reads, signed',
    async (edge, server, packing) => {
      const upstream = await newServer({}, nodes[server]);
      const workspace = await textWorkspace(2);
      const first = await run(workspace, upstream, upstream.tokens.main, nodes[edge]);
      expect(first).toMatchObject({ status: 0, hits: 0, warned: false });
      expect(await packingsIn(upstream.folder)).toEqual([packing, packing]);
      for (const node of [nodes.new, nodes.old]) {
        const again = await run(workspace, upstream, upstream.tokens.pr1, node);
        expect(again).toEqual({ status: 0, hits: 2, made: first.made, warned: false });
      }
    },
  );

  it('and so do tiers: what is kept as zstd goes on to a server that takes none', async () => {
    const back = await newServer({}, nodes.old);
    const tiers = (folder: string): Partial<RawConfig> => ({
      store: {
        kind: 'tiers',
        front: { kind: 'disk', directory: join(folder, 'front') },
        back: { kind: 'server', url: back.url, tokens: { main: back.tokens.main } },
      },
      stateDirectory: join(folder, 'state'),
    });
    const front = await newServer(tiers(await temporaryFolder()));
    const archive = await plain(front, { 'dist/a': hexLines(400_000) });
    expect((await send(front, '1', asZstd(archive))).status).toBe(200);
    const arrived = async () => (await get(back.url, back.tokens.main, '1')).status;
    await expect.poll(arrived).toBe(200);
    const there = await bytesOf(await get(back.url, back.tokens.main, '1'));
    expect(await holdsSame(there, archive)).toBe(true);
    const other = await newServer(tiers(await temporaryFolder()));
    const brought = await ask(other, other.tokens.main, '1', { headers: zstdAsked });
    expect(await holdsSame(brought.body, archive)).toBe(true);
  });

  it('and between two servers that take it, it stays as it is', async () => {
    const back = await newServer();
    const folder = await temporaryFolder();
    const front = await newServer({
      store: {
        kind: 'tiers',
        front: { kind: 'disk', directory: join(folder, 'front') },
        back: { kind: 'server', url: back.url, tokens: { main: back.tokens.main } },
      },
      stateDirectory: join(folder, 'state'),
    });
    const archive = await plain(back, { 'dist/a': hexLines(400_000) });
    expect((await send(back, '1', asZstd(archive))).status).toBe(200);
    const brought = await ask(front, front.tokens.main, '1', { headers: zstdAsked });
    expect(brought.headers['content-encoding']).toBe('zstd');
    const same = gzipSync(unzstd(brought.body));
    expect(await holdsSame(same, archive)).toBe(true);
  });
});
