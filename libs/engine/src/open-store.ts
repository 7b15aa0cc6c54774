import { chosenEngine } from './client/choice';
import { readPrivateEngine } from './client/private-engine';
import { type LocateOptions, locateEngine } from './locate';
import { Podman } from './podman';
import { isOnPath, socketOf, systemHost } from './store/endpoint';
import type { ImageStore } from './store/image-store';
import { SocketStore } from './store/socket-store';

/**
 * The images of the engine that `locateEngine` gives: over its socket where it has one, else through
 * the client.
 *
 * @throws EngineError as `locateEngine` does
 */
export async function openImageStore(options: LocateOptions = {}): Promise<ImageStore> {
  const env = options.env ?? process.env;
  if (chosenEngine(options.choice, env) === 'podman') return locateEngine(options);
  return (await openImageSocket(options)) ?? locateEngine(options);
}

/**
 * The images of Docker behind its socket; undefined where only a client can tell whether an engine
 * answers, or which one.
 *
 * @throws EngineError `ENGINE_TOO_OLD`, `NO_LINUX_CONTAINERS`
 */
export async function openImageSocket(
  options: LocateOptions = {},
): Promise<ImageStore | undefined> {
  const env = options.env ?? process.env;
  if (chosenEngine(options.choice, env) === 'podman') return undefined;
  const hosts = [await systemHost(env), (await readPrivateEngine(env))?.host];
  for (const host of hosts) {
    if (host === undefined) continue;
    const socket = socketOf(host);
    // Whether an engine answers elsewhere, only the client can tell.
    if (socket === undefined) return undefined;
    const store = await SocketStore.open(socket);
    if (store) return store;
  }
  return undefined;
}

/**
 * Whether Podman is what `locateEngine` would give. No client is started where it was chosen by name,
 * where there is none on the PATH, or where Docker answers at its socket.
 */
export async function isPodmanChosen(options: LocateOptions = {}): Promise<boolean> {
  const env = options.env ?? process.env;
  const choice = chosenEngine(options.choice, env);
  if (choice !== 'auto') return choice === 'podman';
  if (!(await isOnPath('podman', env))) return false;
  return (await openImageStore(options).catch(() => undefined)) instanceof Podman;
}
