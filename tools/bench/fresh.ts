import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, cacheFolder, locateEngine } from '@excel2doc/engine';
import { engineFolder } from '../engine/folder';
import { privateEngineState } from '../engine/private-engine';
import { workspaceRoot } from '../workspace';

/** A second private engine, with nothing in it, for as long as `work` takes. */
export async function onFreshEngine<T>(
  work: (engine: Engine, env: NodeJS.ProcessEnv, pid: number) => Promise<T>,
): Promise<T> {
  const cache = mkdtempSync(join(tmpdir(), 'excel2doc-fresh-'));
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  const own = join(cache, 'excel2doc');
  mkdirSync(join(own, 'engine'), { recursive: true });
  // The programs and the stand-ins are what a fresh machine downloads in any case.
  symlinkSync(join(cacheFolder(), 'engine', 'root'), join(own, 'engine', 'root'));
  symlinkSync(join(cacheFolder(), 'bases'), join(own, 'bases'));
  try {
    await engineCommand('start', env);
    const pid = Number(readFileSync(engineFolder(env).pidFile, 'utf8'));
    return await work(await locateEngine({ env }), env, pid);
  } finally {
    await engineCommand('remove', env);
    rmSync(cache, { recursive: true, force: true });
  }
}

async function engineCommand(name: 'start' | 'remove', env: NodeJS.ProcessEnv): Promise<void> {
  const { execa } = await import('execa');
  const args = ['--import', 'tsx', 'tools/engine/cli.ts', name];
  await execa('node', args, { cwd: workspaceRoot, env, extendEnv: false });
}

/** The daemon's pid, where the engine is the private one. */
export async function engineServers(): Promise<number[]> {
  const state = await privateEngineState();
  return state.state === 'running' ? [state.pid] : [];
}

export interface RemoteCache {
  /** For Nx. */
  env: Record<string, string>;
  /** The same with a token that only reads. */
  readOnlyEnv: Record<string, string>;
  /** What it holds now. */
  storedBytes(): number;
  stop(): Promise<void>;
}

/** This repository's cache server on a free port, with an empty store. */
export async function startRemoteCache(): Promise<RemoteCache> {
  const folder = mkdtempSync(join(tmpdir(), 'excel2doc-bench-cache-'));
  const [token, reader] = [newToken(), newToken()];
  const config = join(folder, 'cache.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      listen: { host: '127.0.0.1', port: 0 },
      scopes: { main: { trusted: true } },
      tokens: [
        { name: 'bench', sha256: sha256Of(token), scope: 'main' },
        { name: 'reader', sha256: sha256Of(reader), scope: 'main', access: 'read' },
      ],
      store: { kind: 'disk', directory: join(folder, 'data') },
    }),
  );
  const program = join(workspaceRoot, 'apps/cache-server/bin/excel2doc-cache.mjs');
  const child = spawn('node', [program, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await listening(child).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const envWith = (own: string) => ({
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: own,
  });
  return {
    env: envWith(token),
    readOnlyEnv: envWith(reader),
    storedBytes: () => sizeOf(join(folder, 'data', 'entries')),
    async stop() {
      await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends a process; one that has ended by itself says so no second time. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

const newToken = () => `e2d_${randomBytes(16).toString('hex')}`;
const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [, url] = /"url":"([^"]+)"/.exec(output) ?? [];
      if (url) resolve(url);
    });
    child.once('close', () => reject(new Error(`the cache server ended: ${output}`)));
  });
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
