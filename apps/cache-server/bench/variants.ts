import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newStoreKey } from '../src/encryption/key-ring';
import { zstdAskedOf, zstdBody } from '../src/transfer/coding';
import { nxArchive } from '../test/archive';
import { asZstd } from '../test/zstd';
import { nodeWithZstd } from '../tools/newer-node.mjs';
import { load, percentile } from './http-load';
import { ordersOf } from './orders';
import { startOurs, type BenchServer } from './servers';

/** Of the server's own bundle, as the output of a build: it packs to about that. */
const sizes = { '10 KB': 35_000, '1 MB': 4_000_000 };
const clients = 16;

interface Way {
  name: string;
  server: BenchServer;
  body: Buffer;
  put: object;
  get: object;
}

/**
 * Our server by itself: as gzip, as zstd, and encrypted, in turns, with the output of a build. On a
 * Node that has zstd, as the image's.
 *
 * @returns Markdown; ratios are to gzip in the clear, the median of what each round gave
 */
export async function measureVariants(
  mainFile: string,
  folder: string,
  { rounds, seed }: { rounds: number; seed: number },
): Promise<string> {
  const node = nodeWithZstd();
  const encryption = { keys: [{ text: newStoreKey().text }] };
  const plain = await startOurs(mainFile, join(folder, 'plain'), { node });
  const sealed = await startOurs(mainFile, join(folder, 'sealed'), { node, encryption });
  const output = await readFile(mainFile);
  const lines = ['| | size | way | bytes sent | of gzip in the clear |', '|---|---|---|--:|--:|'];
  try {
    for (const [size, bytes] of Object.entries(sizes)) {
      const sent = await nxArchive({ 'dist/main.js': output.subarray(0, bytes) });
      const archive = await writtenBy(plain, sent);
      const zstd = { body: asZstd(archive), put: zstdBody, get: zstdAskedOf(true) };
      const gzip = { body: archive, put: {}, get: {} };
      const ways: Way[] = [
        { name: 'gzip', server: plain, ...gzip },
        { name: 'zstd', server: plain, ...zstd },
        { name: 'gzip, encrypted', server: sealed, ...gzip },
        { name: 'zstd, encrypted', server: sealed, ...zstd },
      ];
      const compared = await compare(size, ways, rounds, seed);
      process.stderr.write(`${compared.join('\n')}\n`);
      lines.push(...compared);
    }
  } finally {
    await Promise.all([plain.stop(), sealed.stop()]);
  }
  return `${lines.join('\n')}\n`;
}

let serial = 0;

async function compare(size: string, ways: Way[], rounds: number, seed: number): Promise<string[]> {
  const taken: Record<'PUT' | 'GET', number>[][] = [];
  for (const order of ordersOf(ways, rounds + 1, seed)) {
    const seconds = new Map<Way, Record<'PUT' | 'GET', number>>();
    for (const way of order) seconds.set(way, await onceThrough(way));
    taken.push(ways.map((way) => seconds.get(way)!));
  }
  // The first round warms up.
  taken.shift();
  return (['PUT', 'GET'] as const).flatMap((method) =>
    ways.map(({ name, body }, at) => {
      const ratio = percentile(
        taken.map((round) => round[0]![method] / round[at]![method]),
        0.5,
      );
      return `| ${method} | ${size} | ${name} | ${body.length} | ${ratio.toFixed(2)} |`;
    }),
  );
}

async function onceThrough({ name, server, body, put, get }: Way) {
  const paths = Array.from({ length: 100 }, () => server.path(`v${(serial += 1)}`));
  const seconds = { PUT: 0, GET: 0 };
  for (const method of ['PUT', 'GET'] as const) {
    const requests = paths.map((path) => ({
      method,
      path,
      headers: { ...(method === 'PUT' ? put : get) },
      ...(method === 'PUT' ? { body } : {}),
    }));
    const result = await load(server.url, server.token, clients, requests);
    if (result.statuses[200] !== paths.length)
      throw new Error(`${name}, ${method}: ${JSON.stringify(result.statuses)}`);
    seconds[method] = result.seconds;
  }
  return seconds;
}

/** An archive as our server writes it, which it takes as zstd. */
async function writtenBy({ url, token }: BenchServer, archive: Buffer): Promise<Buffer> {
  const path = `${url}/v1/cache/written${(serial += 1)}`;
  const headers = { authorization: `Bearer ${token}` };
  await fetch(path, { method: 'PUT', headers, body: new Uint8Array(archive) });
  return Buffer.from(await (await fetch(path, { headers })).arrayBuffer());
}
