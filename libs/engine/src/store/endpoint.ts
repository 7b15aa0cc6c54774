import { createHash } from 'node:crypto';
import { access, constants, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * The host that the `docker` on the PATH talks to, such as `unix:///var/run/docker.sock`; undefined
 * where there is no `docker`.
 *
 * @see Docker's documentation, "Docker contexts": DOCKER_HOST, then DOCKER_CONTEXT, then the
 *   configuration's currentContext
 */
export async function systemHost(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (!(await isOnPath('docker', env))) return undefined;
  return env['DOCKER_HOST'] || (await contextHost(env)) || 'unix:///var/run/docker.sock';
}

/** `/run/docker.sock` for `unix:///run/docker.sock`; undefined for a host of another kind. */
export function socketOf(host: string): string | undefined {
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

/**
 * Whether the engine at `host` runs on this machine: what is mounted by a path then lies here. One that
 * is reached by TCP or SSH has the files of its own.
 */
export const isOfThisMachine = (host: string | undefined): boolean =>
  !host || /^(unix|npipe):/.test(host);

async function contextHost(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folder = env['DOCKER_CONFIG'] || join(homedir(), '.docker');
  const name =
    env['DOCKER_CONTEXT'] || (await readJson(join(folder, 'config.json')))?.currentContext;
  if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const meta = await readJson(join(folder, 'contexts', 'meta', id, 'meta.json'));
  const host: unknown = meta?.Endpoints?.docker?.Host;
  // A context that cannot be read is the client's to explain.
  return typeof host === 'string' ? host : 'unknown';
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what others wrote
async function readJson(file: string): Promise<any> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

export async function isOnPath(program: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
