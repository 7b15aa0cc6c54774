import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, cacheFolder } from '@excel2doc/engine';
import { type SecondEngine, secondEngine } from '../../e2e/second-engine';
import { engineFolder } from '../../engine/folder';
import { detectHost } from '../../engine/host';
import type { StandIn } from '../../bases/stand-in';

/** A machine of CI: an engine that nobody else uses, in a network that has what it is let have. */
export interface Runner {
  engine: Engine;
  /** In which its engine is the one that is found. */
  env: NodeJS.ProcessEnv;
  pid: number;
  /** Of this machine, for what runs in its containers. */
  address: string;
  /** Lets it and its containers reach a port of this machine's loopback, under the same number. */
  letReach(port: number): Promise<void>;
  /** What it ever built is forgotten, with what was kept of it; the base images stay. */
  forget(): Promise<void>;
  remove(): Promise<void>;
}

/** What a base image is called in the engine. */
export const nameOf = (reference: string) => `excel2doc/stand-in/${reference}`;

export async function startRunner(bases: readonly StandIn[]): Promise<Runner> {
  const second = await secondEngine();
  try {
    return await runnerOn(second, bases);
  } catch (error) {
    await second.remove();
    throw error;
  }
}

async function runnerOn(second: SecondEngine, bases: readonly StandIn[]): Promise<Runner> {
  const cache = join(second.env['XDG_CACHE_HOME']!, 'excel2doc');
  symlinkSync(join(cacheFolder(), 'bases'), join(cache, 'bases'));
  const engine = await second.locate();
  for (const { reference, digest, layoutDir } of bases)
    await engine.loadLayout({ dir: layoutDir, digest }, nameOf(reference));
  const pid = Number(readFileSync(engineFolder(second.env).pidFile, 'utf8'));
  const { asRoot } = await detectHost();
  const inside = [...asRoot, 'nsenter', `--net=/proc/${pid}/ns/net`];
  execFileSync(inside[0]!, [...inside.slice(1), 'ip', 'link', 'set', 'lo', 'up']);
  const format = '{{(index .IPAM.Config 0).Gateway}}';
  const bridge = ['network', 'inspect', 'bridge', '--format', format];
  const ways: Way[] = [];
  const kept = new Set(await names(engine));
  const outer = Object.entries(process.env).filter(([key]) => !/^(NX_|EXCEL2DOC_)/.test(key));
  return {
    engine,
    env: { ...Object.fromEntries(outer), ...second.env, NX_DAEMON: 'false', NX_TUI: 'false' },
    pid,
    address: (await engine.command(bridge)).stdout.trim(),
    letReach: async (port) => void ways.push(await Way.open(inside, port)),
    async forget() {
      const made = (await names(engine)).filter((name) => !kept.has(name));
      if (made.length > 0) await engine.command(['image', 'rm', '--force', ...made]);
      await engine.command(['image', 'prune', '--force']);
      await engine.command(['builder', 'prune', '--all', '--force']);
      for (const name of readdirSync(cache))
        if (!['engine', 'bases'].includes(name)) rmSync(join(cache, name), { recursive: true });
    },
    async remove() {
      for (const way of ways) way.close();
      await second.remove();
    },
  };
}

const names = async (engine: Engine) =>
  (await engine.listImages([])).map(({ repository, tag }) => `${repository}:${tag}`);

/** A port of the loopback in another network: by a socket, which is a file in both. */
class Way {
  private constructor(
    private readonly folder: string,
    private readonly here: Server,
    private readonly there: ChildProcess,
  ) {}

  static async open(inside: readonly string[], port: number): Promise<Way> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-port-'));
    const socket = join(folder, 'socket');
    const here = createServer((from) => {
      const to = connect(port, '127.0.0.1');
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      to.on('error', () => from.destroy()).on('close', () => from.destroy());
      from.pipe(to).pipe(from);
    });
    await new Promise<void>((resolve) => here.listen(socket, resolve));
    const command = [...inside, process.execPath, '-e', FORWARD, socket, String(port)];
    const there = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const way = new Way(folder, here, there);
    const ended = once(there, 'exit').then(() => {
      throw new Error(`the process that passes on port ${port} ended`);
    });
    try {
      await Promise.race([once(there.stdout!, 'data'), ended]);
      return way;
    } catch (error) {
      way.close();
      throw error;
    }
  }

  close(): void {
    // It ends with its standard input: it may be root's.
    this.there.stdin!.end();
    this.here.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const FORWARD = `const net = require('node:net');
const [, socket, port] = process.argv;
process.stdin.on('end', () => process.exit()).resume();
net.createServer((from) => {
  const to = net.connect(socket);
  from.on('error', () => to.destroy()).on('close', () => to.destroy());
  to.on('error', () => from.destroy()).on('close', () => from.destroy());
  from.pipe(to).pipe(from);
}).listen(Number(port), '0.0.0.0', () => console.log('ready'));`;
