// Takes 180 s.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'; // prettier-ignore
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
  /** Runs a program in it from its first instruction on: what it had before would not count. */
  command(program: string): string[];
  kills(): number;
  /** What the kernel has counted at most, its page cache and all. */
  peakBytes(): number;
  /** What it counts now of memory that cannot be read again from a disk. */
  ownBytes(): number;
}

/** A memory limit of the kernel's own, as a container has; a text says why there can be none. */
function memoryCgroup(): Cgroup | string {
  try {
    // In one of its own, as what it takes counts.
    return holds(newCgroup()) ? newCgroup() : 'a memory limit can be set here, and does not hold';
  } catch (error) {
    return `no memory limit can be set here: ${String(error)}`;
  }
}

function newCgroup(): Cgroup {
  const isOne = existsSync('/sys/fs/cgroup/memory');
  const folder = mkdtempSync(join(isOne ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', 'excel2doc-cache-')); // prettier-ignore
  onTestFinished(() => rmdirSync(folder));
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, isOne ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes));
  const procs = join(folder, 'cgroup.procs');
  const ofStat = isOne ? /^total_rss (\d+)/m : /^anon (\d+)/m;
  return {
    command: (program) => ['sh', '-c', 'echo $$ > "$0" && exec "$@"', procs, program],
    kills: () => Number(/oom_kill (\d+)/.exec(read(isOne ? 'memory.oom_control' : 'memory.events'))?.[1] ?? 0), // prettier-ignore
    peakBytes: () => Number(read(isOne ? 'memory.max_usage_in_bytes' : 'memory.peak')),
    ownBytes: () => Number(ofStat.exec(read('memory.stat'))![1]),
  };
}

/** Whether who takes more than the limit is killed for it, and is counted. */
function holds(cgroup: Cgroup): boolean {
  const [program, ...args] = cgroup.command(process.execPath);
  const hog = `Buffer.alloc(${2 * limitBytes}, 1)`;
  const { signal } = spawnSync(program!, [...args, '-e', hog], { timeout: 60_000 });
  return signal === 'SIGKILL' && cgroup.kills() === 1;
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
    const uploads = Number(process.env.UPLOADS ?? 10_000);
    const cgroup = memoryCgroup();
    const limit = typeof cgroup === 'string' ? null : cgroup;
    // What the process itself holds is looked at all the same.
    if (!limit) console.log(`the kernel does not watch: ${String(cgroup)}`);
    const node = limit?.command(process.execPath);
    let ownPeak = 0;
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const server = await serverProcess(folder, {}, known, node);
    const bodies = [
      ...generatedArchives(60, 4),
      ...Array.from({ length: 40 }, longNamed),
      gzipSync(Buffer.alloc(30 * megabyte)),
    ];
    let peak = 0;
    const watch = setInterval(() => {
      ownPeak = Math.max(ownPeak, limit?.ownBytes() ?? 0);
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

    const again = await serverProcess(folder, {}, known, node);
    await expect.poll(async () => (await fetch(`${again.url}/ready`)).status).toBe(200);
    const restarted = residentBytes(again.child.pid!);
    console.log(`${restarted >> 20} MiB after the restart`);
    expect(restarted).toBeLessThan(200 * megabyte);
    again.child.kill('SIGTERM');
    await once(again.child, 'close');
    if (!limit) return;
    console.log(
      `the kernel counted ${limit.peakBytes() >> 20} MiB at most with its page cache, ${ownPeak >> 20} MiB of the server's own`,
    );
    expect(limit.kills()).toBe(0);
    expect(limit.peakBytes()).toBeLessThanOrEqual(limitBytes);
    expect(ownPeak).toBeGreaterThan(20 * megabyte);
    expect(ownPeak).toBeLessThan(limitBytes * 0.85);
  },
);
