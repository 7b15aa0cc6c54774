import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { loadConfig } from '../config/load-config';
import { startServer } from '../start-server';

const settleMs = 200;

/** Runs a server until SIGTERM or SIGINT; SIGHUP or a change of the file reads the file again. */
export async function serve(file: string): Promise<number> {
  let reload = () => {};
  let settling: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(settling);
    settling = setTimeout(() => reload(), settleMs);
  };
  // Before the first reading, so that no change falls between the two.
  const watcher = watchFile(file, changed);
  process.on('SIGHUP', changed);
  try {
    const server = await startServer(await loadConfig(file, process.env));
    // One after the other: of two readings, the later one is what stays.
    let reading = Promise.resolve();
    reload = () => {
      reading = reading
        .then(async () => server.reload(await loadConfig(file, process.env)))
        .catch((error: Error) => {
          console.error(
            JSON.stringify({ level: 50, msg: `the old configuration stays: ${error.message}` }),
          );
        });
    };
    // What changed while it started had no server to go to yet.
    if (settling) changed();
    console.log(JSON.stringify({ msg: 'listening', url: server.url }));

    await new Promise<void>((stopped) => {
      process.once('SIGTERM', stopped);
      process.once('SIGINT', stopped);
    });
    await server.stop();
    return 0;
  } finally {
    watcher?.close();
    clearTimeout(settling);
    process.off('SIGHUP', changed);
  }
}

/** Null where nothing can be watched (no such folder, no watches left): SIGHUP still works. */
function watchFile(file: string, changed: () => void): FSWatcher | null {
  try {
    // The folder: an editor or a mounted secret puts a new file in the place of the old one.
    return watch(dirname(resolve(file)), (_event, name) => {
      if (name === null || name === basename(file) || name.startsWith('..')) changed();
    }).on('error', () => undefined);
  } catch {
    return null;
  }
}
