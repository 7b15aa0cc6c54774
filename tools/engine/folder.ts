import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { privateEngineFile } from '@excel2doc/engine';

/** Where the private engine keeps what: all below `folder`, but for sockets with a long path. */
export interface EngineFolder {
  folder: string;
  /** The unpacked packages. Whole when it exists: it is unpacked elsewhere and renamed. */
  root: string;
  /** The only folder that goes onto the daemon's PATH. */
  bin: string;
  /** What the daemon keeps: images, volumes, build cache. */
  data: string;
  /** Sockets, pid files and mounts, of no worth after a reboot. */
  run: string;
  socket: string;
  pidFile: string;
  daemonConfig: string;
  /** DOCKER_CONFIG, with cli-plugins/. */
  dockerConfig: string;
  log: string;
  engineFile: string;
}

/**
 * The address of a unix socket has 108 bytes (unix(7)), of which the daemon uses up to 50 below its
 * exec-root; so a cache folder with a long path keeps its sockets in /run.
 */
const LONGEST_RUN_FOLDER = 56;

export function engineFolder(env: NodeJS.ProcessEnv = process.env): EngineFolder {
  const engineFile = privateEngineFile(env);
  const folder = dirname(engineFile);
  const short = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const near = join(folder, 'run');
  const run = Buffer.byteLength(near) <= LONGEST_RUN_FOLDER ? near : `/run/excel2doc-${short}`;
  return {
    folder,
    root: join(folder, 'root'),
    bin: join(folder, 'root', 'bin'),
    data: join(folder, 'data'),
    run,
    socket: join(run, 'docker.sock'),
    pidFile: join(run, 'docker.pid'),
    daemonConfig: join(folder, 'daemon.json'),
    dockerConfig: join(folder, 'docker-config'),
    log: join(folder, 'dockerd.log'),
    engineFile,
  };
}
