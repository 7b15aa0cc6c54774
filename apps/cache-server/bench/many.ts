import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { storeMany } from '../test/many-entries';
import { percentile } from './http-load';
import { startOurs } from './servers';

const many = 100_000;

/** How long a server that has 100,000 entries takes, in milliseconds. */
export interface ManyEntries {
  /** From its start until it is ready. */
  readyMs: number;
  /** For the page: the median. */
  pageMs: number;
}

export async function measureMany(mainFile: string, folder: string): Promise<ManyEntries> {
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
