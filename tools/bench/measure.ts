import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CpuGroup } from './cpu-group';

export interface Measured {
  wallMs: number;
  /** Of the command and of the servers that worked for it. */
  cpuMs: number;
  /** Of the command and all that it started, at its highest; absent for what ran in this process. */
  peakBytes?: number;
}

export interface Command {
  command: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

const sampleEveryMs = 20;
const ticksPerSecond = 100;

/**
 * Runs a command to its end.
 *
 * @param servers pids whose CPU time belongs to it, with that of their children
 * @throws Error with its output when it fails
 */
export async function measureCommand(
  command: Command,
  servers: readonly number[],
): Promise<Measured> {
  return (await measureOutput(command, servers)).measured;
}

/** The same, with what it printed. */
export async function measureOutput(
  { command, cwd, env }: Command,
  servers: readonly number[],
): Promise<{ measured: Measured; output: string }> {
  const group = CpuGroup.make();
  const before = cpuOf(servers);
  const start = performance.now();
  const join = group ? `echo $$ > ${group.procs}; ` : '';
  // `times` is what a shell knows of children that it has waited for, with theirs.
  const script = `${join}"$@"; status=$?; times >&3; exit $status`;
  const child = spawn('bash', ['-c', script, '-', ...command], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const text = { output: '', times: '' };
  child.stdout?.on('data', (chunk: Buffer) => (text.output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text.output += chunk.toString()));
  (child.stdio[3] as NodeJS.ReadableStream).on(
    'data',
    (chunk: Buffer) => (text.times += chunk.toString()),
  );
  let peakBytes = 0;
  const sampling = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(child.pid ?? 0));
  }, sampleEveryMs);
  const [status] = (await once(child, 'close')) as [number | null];
  const wallMs = performance.now() - start;
  clearInterval(sampling);
  const ofServers = cpuOf(servers) - before;
  const own = (await group?.end()) ?? childrenMs(text.times);
  if (status !== 0) throw new Error(`${command.join(' ')} failed\n${text.output}`);
  const measured = { wallMs, cpuMs: own + ofServers, peakBytes };
  return { measured, output: text.output };
}

/** The same for work in this process. */
export async function measureHere(
  work: () => Promise<void>,
  servers: readonly number[],
): Promise<Measured> {
  const before = cpuOf(servers);
  const own = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(own);
  return { wallMs, cpuMs: (user + system) / 1000 + cpuOf(servers) - before };
}

/**
 * Resolves when the machine does nothing, or after 15 seconds in which it always did something: what
 * one way sets off (Nx's daemon makes its graph anew) is not to slow the next one down.
 */
export async function idleMachine(): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const before = busyTicks();
    await sleep(250);
    // A tenth of one core.
    if (busyTicks() - before <= 2) return;
  }
}

/** @see proc(5), /proc/stat: user, nice, system, then idle and waiting for a disk */
function busyTicks(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/ +/);
  const [user = 0, nice = 0, system = 0] = fields.map(Number);
  return user + nice + system;
}

/** The second line of bash's `times`: user and system time of the children, as `0m1.234s 0m0.100s`. */
function childrenMs(times: string): number {
  const line = times.trim().split('\n').at(-1) ?? '';
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000,
    0,
  );
}

interface Process {
  parent: number;
  cpuMs: number;
}

/** @see proc(5), /proc/pid/stat: fields 14 to 17, after the name in brackets */
function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
      found.set(Number(name), {
        parent: fields[1] ?? 0,
        cpuMs: (ticks * 1000) / ticksPerSecond,
      });
    } catch {
      // It ended while it was read.
    }
  }
  return found;
}

function treesOf(roots: readonly number[], all: Map<number, Process>): number[] {
  const inTree = (pid: number): boolean =>
    roots.includes(pid) || (pid > 1 && inTree(all.get(pid)?.parent ?? 0));
  return [...all.keys()].filter(inTree);
}

function cpuOf(servers: readonly number[]): number {
  if (servers.length === 0) return 0;
  const all = processes();
  return treesOf(servers, all).reduce((sum, pid) => sum + (all.get(pid)?.cpuMs ?? 0), 0);
}

function residentBytes(root: number): number {
  const pageBytes = 4096;
  return treesOf([root], processes()).reduce((sum, pid) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
    } catch {
      return sum;
    }
  }, 0);
}
