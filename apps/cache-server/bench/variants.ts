import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { newStoreKey } from '../src/encryption/key-ring';
import { zstdAskedOf, zstdBody } from '../src/transfer/coding';
import { nxArchive } from '../test/archive';
import { storeMany } from '../test/many-entries';
import { asZstd } from '../test/zstd';
import { nodeWithZstd } from '../tools/newer-node.mjs';
import { load, percentile } from './http-load';
import { startOurs, type BenchServer } from './servers';

/** Of the server's own bundle, as the output of a build: it packs to about that. */
const sizes = { '10 KB': 35_000, '1 MB': 4_000_000 };
const clients = 16;
const many = 100_000;

interface Way {
  name: string;
  server: BenchServer;
  body: Buffer;
  put: object;
  get: object;
}

/**
 * Our server by itself: as gzip, as zstd, and encrypted, in turns, with the output of a build; then
 * with 100,000 entries. On a Node that has zstd, as the image's.
 *
 * @returns Markdown; ratios are to gzip in the clear, the median of what each round gave
 */
export async function measureVariants(
  mainFile: string,
  folder: string,
  rounds: number,
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
      const compared = await compare(size, ways, rounds);
      process.stderr.write(`${compared.join('\n')}\n`);
      lines.push(...compared);
    }
  } finally {
    await Promise.all([plain.stop(), sealed.stop()]);
  }
  const { readyMs, pageMs } = await measureMany(mainFile, join(folder, 'many'));
  lines.push('', `With ${many} entries: ready after ${readyMs.toFixed(0)} ms (goal: 2000), a page in ${pageMs.toFixed(0)} ms (goal: 100).`); // prettier-ignore
  return `${lines.join('\n')}\n`;
}

let serial = 0;

async function compare(size: string, ways: Way[], rounds: number): Promise<string[]> {
  const taken: Record<'PUT' | 'GET', number>[][] = [];
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const seconds = ways.map(() => ({ PUT: 0, GET: 0 }));
    for (let turn = 0; turn < ways.length; turn += 1) {
      const at = (turn + round) % ways.length;
      seconds[at] = await onceThrough(ways[at]!);
    }
    if (round > 0) taken.push(seconds);
  }
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

export async function measureMany(mainFile: string, folder: string) {
  await mkdir(folder, { recursive: true });
  await storeMany(join(folder, 'data'), many);
  process.stderr.write(`${many} entries are in place\n`);
  const startedMs = performance.now();
  const server = await startOurs(mainFile, folder, {});
  try {
    if ((await fetch(`${server.url}/ready`)).status !== 200) throw new Error('it is not ready');
    const readyMs = performance.now() - startedMs;
    const login = await fetch(`${server.url}/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ token: server.token }),
    });
    const headers = { cookie: login.headers.get('set-cookie')!.split(';')[0]! };
    const metrics = { authorization: `Bearer ${server.token}` };
    const known = async () =>
      (await (await fetch(`${server.url}/metrics`, { headers: metrics })).text()).includes(
        `cache_entries ${many}\n`,
      );
    while (!(await known())) await sleep(100);
    const times: number[] = [];
    for (let at = 0; at < 20; at += 1) {
      const askedMs = performance.now();
      const page = await fetch(server.url, { headers });
      if (!(await page.text()).includes('Hit rate')) throw new Error('that is no page');
      times.push(performance.now() - askedMs);
    }
    return { readyMs, pageMs: percentile(times, 0.5) };
  } finally {
    await server.stop();
  }
}
