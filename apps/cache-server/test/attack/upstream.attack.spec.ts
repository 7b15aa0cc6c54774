// Takes 20 s.
import { gunzipSync, gzipSync } from 'node:zlib';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { spawn } from 'node:child_process';
import { expect, inject, it, onTestFinished } from 'vitest';
import { NameBudget } from '../../src/archive/entry-names';
import { Normaliser } from '../../src/archive/normaliser';
import { newSigningKey, Signer } from '../../src/signing/signature';
import { nxArchive } from '../archive';
import { temporaryFolder } from '../temporary-folder';

const header = 'x-excel2doc-cache-signature';
const [main, other, old] = [newSigningKey(), newSigningKey(), newSigningKey()];
const signer = new Signer(main.privatePem);

/** The digest that a signature is about. */
async function contentOf(archive: Buffer): Promise<string> {
  const limits = { maxBytes: 1e9, maxUnpackedBytes: 1e9, maxEntries: 1e5, maxRatio: 1e5 };
  const normaliser = new Normaliser(limits, new NameBudget(1e8), () => undefined, { digestContent: true }); // prettier-ignore
  await normaliser.write(archive);
  const { contentSha256 } = await normaliser.end();
  normaliser.release();
  return contentSha256!;
}

type Answer = (hash: string, response: ServerResponse, request: IncomingMessage) => void;

/** What who owns the upstream answers with for an entry that main has signed. */
async function lies(): Promise<Record<string, Answer>> {
  const [good, evil] = [await nxArchive({ 'dist/a': 'good' }), await nxArchive({ 'dist/a': 'evil' })]; // prettier-ignore
  const [ofGood, ofEvil] = [await contentOf(good), await contentOf(evil)];
  const signed = (hash: string, contentSha256 = ofGood) => signer.sign({ hash, contentSha256 });
  const send = (body: Buffer, headers: (hash: string) => Record<string, string | string[]>, status = 200): Answer => (hash, response) => void response.writeHead(status, headers(hash)).end(body); // prettier-ignore
  const value = (hash: string) => signed(hash).split('.')[1]!;
  return {
    'no signature': send(evil, () => ({})),
    'no signature of what is good': send(good, () => ({})),
    'an empty one': send(evil, () => ({ [header]: '' })),
    'the one of what is good': send(evil, (hash) => ({ [header]: signed(hash) })),
    'the one of another hash': send(good, () => ({ [header]: signed('another') })),
    'one of another key': send(evil, (hash) => ({ [header]: new Signer(other.privatePem).sign({ hash, contentSha256: ofEvil }) })), // prettier-ignore
    'one of a key that was taken out': send(good, (hash) => ({ [header]: new Signer(old.privatePem).sign({ hash, contentSha256: ofGood }) })), // prettier-ignore
    'one of another key that says it is main’s': send(evil, (hash) => ({ [header]: `${main.id}.${new Signer(other.privatePem).sign({ hash, contentSha256: ofEvil }).split('.')[1]!}` })), // prettier-ignore
    'one of zeros': send(evil, () => ({ [header]: `${main.id}.${'A'.repeat(86)}` })),
    'a cut one': send(good, (hash) => ({ [header]: signed(hash).slice(0, -1) })),
    'one and another': send(evil, (hash) => ({ [header]: [signed(hash), signed(hash, ofEvil)].map((each) => each.replace(main.id, other.id)) })), // prettier-ignore
    'one for two': send(evil, (hash) => ({ [header]: `${signed(hash)}, ${signed(hash)}` })),
    'one without its key': send(good, (hash) => ({ [header]: value(hash) })),
    'one under another name': send(good, (hash) => ({ 'x-signature': signed(hash) })),
    'one as a trailer': (hash, response) => {
      response.writeHead(200, { trailer: header, 'transfer-encoding': 'chunked' });
      response.addTrailers({ [header]: signed(hash) });
      response.end(evil);
    },
    'a part of it': send(good, (hash) => ({ [header]: signed(hash) }), 206),
    'an answer to go elsewhere': (hash, response) => void response.writeHead(302, { location: `/v1/cache/genuine`, [header]: signed(hash) }).end(), // prettier-ignore
    'two archives in one': send(Buffer.concat([good, evil]), (hash) => ({ [header]: signed(hash) })), // prettier-ignore
    'a file more': send(gzipSync(Buffer.concat([gunzipSync(good).subarray(0, -1024), gunzipSync(evil)])), (hash) => ({ [header]: signed(hash) })), // prettier-ignore
    'a coding that nobody asked for': send(good, (hash) => ({ [header]: signed(hash), 'content-encoding': 'br' })), // prettier-ignore
    'gzip that says it is zstd': send(good, (hash) => ({ [header]: signed(hash), 'content-encoding': 'zstd', 'content-type': 'application/x-tar' })), // prettier-ignore
    'another digest': send(good, (hash) => ({ [header]: signed(hash), 'x-content-sha256': '0'.repeat(64) })), // prettier-ignore
    'a good one that ends as another': (hash, response, request) => {
      const headers = { [header]: signed(hash), etag: '"same"' };
      const half = Math.floor(good.length / 2);
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from > 0) {
        const rest = evil.subarray(from);
        return void response
          .writeHead(206, {
            ...headers,
            'content-range': `bytes ${from}-${evil.length - 1}/${evil.length}`,
          }) // prettier-ignore
          .end(rest);
      }
      response.writeHead(200, { ...headers, 'content-length': good.length });
      return void response.write(good.subarray(0, half), () => response.destroy());
    },
  };
}

it('who owns the upstream gives out what main has signed, or nothing', async () => {
  const answers = await lies();
  const good = await nxArchive({ 'dist/a': 'good' });
  const contentSha256 = await contentOf(good);
  const genuine: Answer = (hash, response) =>
    void response.writeHead(200, { [header]: signer.sign({ hash, contentSha256 }) }).end(good);
  const names = Object.keys(answers);
  const upstream = createServer((request, response) => {
    request.resume();
    const hash = request.url!.split('/').at(-1)!;
    const at = /^lie(\d+)$/.exec(hash)?.[1];
    (at === undefined ? genuine : answers[names[Number(at)]!]!)(hash, response, request);
  });
  await new Promise<void>((listening) => upstream.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const { port } = upstream.address() as AddressInfo;
  // A genuine one behind each: what is wrong with one entry must not have the edge stop asking.
  const hashes = names.flatMap((_, at) => [`lie${at}`, `genuine${at}`]);
  const script = `(async () => {
    const { NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url, NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token } = process.env;
    const statuses = {};
    for (const hash of ${JSON.stringify(hashes)}) {
      const answer = await fetch(url + '/v1/cache/' + hash, { headers: { authorization: 'Bearer ' + token } });
      statuses[hash] = answer.status;
      await answer.arrayBuffer();
    }
    console.log(JSON.stringify(statuses));
  })()`;
  const args = [inject('mainFile'), 'edge', '--upstream', `http://127.0.0.1:${port}`, '--', process.execPath, '-e', script]; // prettier-ignore
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      XDG_CACHE_HOME: await temporaryFolder(),
      EXCEL2DOC_CACHE_TOKEN: 'token',
      EXCEL2DOC_CACHE_TRUSTED_KEYS: main.publicPem,
    },
    cwd: await temporaryFolder(),
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const status = await new Promise((resolve) => child.once('close', resolve));
  expect(status, output).toBe(0);
  const statuses = JSON.parse(/^\{.*\}$/m.exec(output)![0]) as Record<string, number>;
  const taken = names.filter((_, at) => statuses[`lie${at}`] !== 404);
  expect(taken).toEqual([]);
  const missed = names.filter((_, at) => statuses[`genuine${at}`] !== 200);
  expect(missed, output).toEqual([]);
}, 180_000);
