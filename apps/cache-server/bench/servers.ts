import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newToken } from '../src/access/static-tokens';

export interface BenchServer {
  name: 'nginx' | 'peer' | 'syncing' | 'ours';
  url: string;
  token: string;
  pid: number;
  /** The path of an entry. */
  path(id: string): string;
  stop(): Promise<void>;
}

/** Debian's nginx with WebDAV PUT, as it is set up for such a use: no logs, one worker a core. */
export async function startNginx(nginxFile: string, folder: string): Promise<BenchServer> {
  await mkdir(join(folder, 'v1/cache'), { recursive: true });
  await mkdir(join(folder, 'incoming'));
  // Debian's build has them under /var/lib/nginx, which is there only where it is installed.
  const unused = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/unused;`,
  );
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `daemon off; worker_processes auto; pid ${folder}/pid; error_log stderr crit;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events { worker_connections 1024; }
    http {
      access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;
      client_max_body_size 0; client_body_temp_path ${folder}/incoming; ${unused.join(' ')}
      server { listen 127.0.0.1:${port}; root ${folder}; location / { dav_methods PUT; create_full_put_path on; } }
    }`,
  );
  const child = spawn(nginxFile, ['-c', file, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(url);
  const end = () => stop(child, 'SIGQUIT');
  return { name: 'nginx', url, token: 'none', pid: child.pid!, path: ourPath, stop: end };
}

/**
 * turborepo-remote-cache with files on the same disk, its log off, and the same Node as ours; as it is, or
 * made to sync each file before it answers, as ours does.
 */
export async function startPeer(
  name: 'peer' | 'syncing',
  peerFile: string,
  folder: string,
): Promise<BenchServer> {
  await mkdir(folder, { recursive: true });
  const flags = name === 'syncing' ? ['--require', join(__dirname, 'flush-writes.cjs')] : [];
  const { token } = newToken();
  const port = await freePort();
  const child = spawn(process.execPath, [...flags, peerFile], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: String(port),
      AUTH_MODE: 'static',
      TURBO_TOKEN: token,
      LOG_LEVEL: 'error',
      STORAGE_PROVIDER: 'local',
      STORAGE_PATH: join(folder, 'data'),
      STORAGE_PATH_USE_TMP_FOLDER: 'false',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(url);
  const path = (id: string) => `/v8/artifacts/${id}?teamId=bench`;
  return { name, url, token, pid: child.pid!, path, stop: () => stop(child, 'SIGTERM') };
}

/** Our server with its defaults, in the environment that its image gives it (see the Dockerfile). */
export async function startOurs(
  mainFile: string,
  folder: string,
  { node = process.execPath, ...more }: { node?: string; encryption?: object } = {},
): Promise<BenchServer> {
  await mkdir(folder, { recursive: true });
  const { token, sha256 } = newToken();
  const file = join(folder, 'cache.yaml');
  await writeFile(
    file,
    JSON.stringify({
      listen: { port: 0 },
      scopes: { main: { trusted: true } },
      tokens: [{ name: 'bench', sha256, scope: 'main' }],
      store: { kind: 'disk', directory: './data' },
      log: 'warn',
      ...more,
    }),
  );
  const child = spawn(node, [mainFile, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, MALLOC_ARENA_MAX: '2', NODE_OPTIONS: '--max-semi-space-size=2' },
  });
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  child.stdout!.resume();
  const { url } = JSON.parse(line.toString()) as { url: string };
  const end = () => stop(child, 'SIGTERM');
  return { name: 'ours', url, token, pid: child.pid!, path: ourPath, stop: end };
}

const ourPath = (id: string) => `/v1/cache/${id}`;

/** The most memory that a process has held since `forgetPeak`, in bytes. */
export async function peakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) * 1024;
}

/** The CPU time that a process and its children have taken, in milliseconds. @see proc(5), /proc/pid/stat */
export async function cpuMs(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = [pid, ...children.split(' ').filter(Boolean)];
  const times = pids.map(async (each) => {
    const [, fields = ''] = (await readFile(`/proc/${each}/stat`, 'utf8')).split(') ');
    const [user, system] = fields.split(' ').slice(11, 13).map(Number);
    // The kernel counts in hundredths of a second.
    return 10 * (user! + system!);
  });
  return (await Promise.all(times)).reduce((sum, each) => sum + each, 0);
}

/** @see proc(5), /proc/pid/clear_refs */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
