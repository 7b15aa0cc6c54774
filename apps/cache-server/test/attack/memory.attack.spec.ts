import { once } from 'node:events';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { generatedArchives } from '../generated-archives';
import { paxData, rawEnd, rawEntry, rawOwn } from '../raw-tar';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { put, teamConfig } from '../test-server';

const megabyte = 1024 * 1024;
/** What docker/compose.cache.yaml gives the container. */
const limitBytes = 512 * megabyte;

interface Cgroup {
  add(pid: number): void;
  kills(): number;
}

/** A memory limit of the kernel's own, as a container has; a text says why there can be none. */
function memoryCgroup(): Cgroup | string {
  const isOne = existsSync('/sys/fs/cgroup/memory');
  const parent = isOne ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
  try {
    accessSync(parent, constants.W_OK);
    const folder = join(parent, `excel2doc-cache-${process.pid}`);
    mkdirSync(folder);
    onTestFinished(() => rmdirSync(folder));
    const limit = isOne ? 'memory.limit_in_bytes' : 'memory.max';
    writeFileSync(join(folder, limit), String(limitBytes));
    const events = join(folder, isOne ? 'memory.oom_control' : 'memory.events');
    return {
      add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
      kills: () => Number(/oom_kill (\d+)/.exec(readFileSync(events, 'utf8'))?.[1] ?? 0),
    };
  } catch (error) {
    return `no memory limit can be set here: ${String(error)}`;
  }
}

const residentBytes = (pid: number) =>
  // A process that has just ended has a status without memory.
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** Taken, but with names as long and as many as can be; the hash makes each an entry of its own. */
function longNamed(): Buffer {
  const entries = Array.from({ length: 100 }, (_, at) => {
    const path = `dist/${'ä'.repeat(120)}${at}/${'b'.repeat(240)}/${'c'.repeat(240)}/d`;
    const record = rawEntry({ name: 'x', type: 'x', content: paxData([['path', path]]) });
    return Buffer.concat([record, rawEntry({ name: 'y' })]);
  });
  return gzipSync(Buffer.concat([...entries, rawOwn, rawEnd]));
}

it(
  'stays flat under 10,000 hostile uploads, and after a restart',
  { timeout: 900_000 },
  async () => {
    // prettier-ignore
    const uploads = Number(process.env.UPLOADS ?? 10_000);
    const cgroup = memoryCgroup();
    if (typeof cgroup === 'string') console.log(cgroup);
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const server = await serverProcess(folder, {}, known);
    if (typeof cgroup !== 'string') cgroup.add(server.child.pid!);
    const bodies = [
      ...generatedArchives(60, 4),
      ...Array.from({ length: 40 }, longNamed),
      gzipSync(Buffer.alloc(30 * megabyte)),
    ];
    let peak = 0;
    const watch = setInterval(() => {
      if (server.child.exitCode === null) peak = Math.max(peak, residentBytes(server.child.pid!));
    }, 200);
    onTestFinished(() => clearInterval(watch));
    server.child.once('exit', (code, signal) => console.log(`ended: ${code ?? signal}, ${peak >> 20} MiB at most`)); // prettier-ignore
    let sent = 0;
    const send = async (until: number) => {
      const lanes = Array.from({ length: 16 }, async () => {
        while (sent < until) {
          const at = (sent += 1);
          const askedMs = Date.now();
          const answer = await put(
            server.url,
            known.tokens.pr1,
            `${at}`,
            bodies[at % bodies.length]!,
          ).catch((error: Error) => {
            throw new Error(`upload ${at} after ${Date.now() - askedMs} ms`, { cause: error });
          });
          expect([200, 403]).toContain(answer.status);
          await answer.arrayBuffer();
        }
      });
      await Promise.all(lanes);
    };
    await send(uploads / 4);
    const early = residentBytes(server.child.pid!);
    await send(uploads);
    const late = residentBytes(server.child.pid!);
    console.log(
      `${early >> 20} MiB after a quarter, ${late >> 20} MiB after all, ${peak >> 20} MiB at most`,
    );
    expect(late - early).toBeLessThan(80 * megabyte);
    expect(late).toBeLessThan(limitBytes * 0.75);
    server.child.kill('SIGTERM');
    expect((await once(server.child, 'close'))[0]).toBe(0);
    if (typeof cgroup !== 'string') expect(cgroup.kills()).toBe(0);

    const again = await serverProcess(folder, {}, known);
    if (typeof cgroup !== 'string') cgroup.add(again.child.pid!);
    await expect.poll(async () => (await fetch(`${again.url}/ready`)).status).toBe(200);
    const restarted = residentBytes(again.child.pid!);
    console.log(`${restarted >> 20} MiB after the restart`);
    expect(restarted).toBeLessThan(200 * megabyte);
    again.child.kill('SIGTERM');
    await once(again.child, 'close');
  },
);
