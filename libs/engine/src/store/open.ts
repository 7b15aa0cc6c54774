import { type EngineChoice, chosenEngine } from '../choice';
import { locateEngine, readPrivateEngine } from '../locate';
import { socketOf, systemHost } from './endpoint';
import type { ImageStore } from './image-store';
import { SocketStore } from './socket-store';

/**
 * The images of the engine that `locateEngine` gives: over its socket where it has one, else through
 * the client.
 *
 * @throws EngineError as `locateEngine` does
 */
export async function openImageStore(
  options: { choice?: EngineChoice | undefined; env?: NodeJS.ProcessEnv } = {},
): Promise<ImageStore> {
  const env = options.env ?? process.env;
  if (chosenEngine(options.choice, env) === 'podman') return locateEngine(options);
  const hosts = [await systemHost(env), (await readPrivateEngine(env))?.host];
  for (const host of hosts) {
    if (host === undefined) continue;
    const socket = socketOf(host);
    // Whether an engine answers elsewhere, only the client can tell.
    if (socket === undefined) break;
    const store = await SocketStore.open(socket);
    if (store) return store;
  }
  return locateEngine(options);
}
