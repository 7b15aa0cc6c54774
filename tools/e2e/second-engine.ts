import { mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { runningPid, startDaemon, stopDaemon } from '../engine/daemon';
import { engineFolder } from '../engine/folder';
import { detectHost } from '../engine/host';
import { deleteTrees, isThere } from '../engine/tree';
import { unpackEngine } from '../engine/unpack';

/** An engine that is another machine's: empty, with a data root and a socket of its own. */
export interface SecondEngine {
  /** For whoever is to use it; XDG_CACHE_HOME is in it. */
  env: Record<string, string>;
  locate(): Promise<Engine>;
  /** Bytes of blobs that are coming in and are not whole yet lie here. */
  incomingFolder: string;
  /** SIGKILL, as when a machine loses its power. */
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** Its programs are the private engine's; it reaches no network. */
export async function secondEngine(): Promise<SecondEngine> {
  const host = await detectHost();
  const cacheHome = await mkdtemp(join(tmpdir(), 'engine-2-'));
  const at = engineFolder({ XDG_CACHE_HOME: cacheHome });
  const own = engineFolder();
  if (!(await isThere(own.root))) await unpackEngine(own, host, console.log);
  await mkdir(at.folder, { recursive: true });
  await symlink(own.root, at.root);
  const env = {
    XDG_CACHE_HOME: cacheHome,
    DOCKER_HOST: `unix://${at.socket}`,
    DOCKER_CONFIG: at.dockerConfig,
    BUILDX_BUILDER: '',
    PATH: `${at.bin}:${process.env['PATH']}`,
  };
  const start = () => startDaemon(at, host.asRoot, { isolated: true });
  await start();
  return {
    env,
    start,
    locate: () => locateEngine({ env: { ...process.env, ...env } }),
    incomingFolder: join(at.data, 'containerd/daemon/io.containerd.content.v1.content/ingest'),
    async kill() {
      const pid = await runningPid(at);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      while ((await runningPid(at)) !== undefined) await new Promise(setImmediate);
    },
    async remove() {
      // A killed one left its containerd behind, which only another dockerd ends.
      if ((await runningPid(at)) === undefined) await start();
      await stopDaemon(at, host.asRoot);
      await deleteTrees([at.run, cacheHome], host.asRoot);
    },
  };
}
