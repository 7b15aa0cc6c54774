import { watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { loadConfig } from '../config/load-config';
import { startServer } from '../start-server';

const settleMs = 200;

/** Runs a server until SIGTERM or SIGINT; SIGHUP or a change of the file reads the file again. */
export async function serve(file: string): Promise<number> {
  const server = await startServer(await loadConfig(file, process.env));
  console.log(JSON.stringify({ msg: 'listening', url: server.url }));

  const reload = () => {
    loadConfig(file, process.env).then(server.reload, (error: Error) => {
      console.error(
        JSON.stringify({ level: 50, msg: `the old configuration stays: ${error.message}` }),
      );
    });
  };
  let settling: NodeJS.Timeout | undefined;
  // The folder, not the file: an editor or a mounted secret puts a new file in its place.
  const watcher = watch(dirname(resolve(file)), (_event, name) => {
    if (name !== null && name !== basename(file) && !name.startsWith('..')) return;
    clearTimeout(settling);
    settling = setTimeout(reload, settleMs);
  });
  process.on('SIGHUP', reload);

  await new Promise<void>((stopped) => {
    process.once('SIGTERM', stopped);
    process.once('SIGINT', stopped);
  });
  watcher.close();
  clearTimeout(settling);
  await server.stop();
  process.off('SIGHUP', reload);
  return 0;
}
