import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Task, TaskGraph } from '@nx/devkit';
import { cacheDir } from 'nx/src/utils/cache-directory';
import { isLive } from '@excel2doc/stages';
import { isDrawn } from './drawn';
import { liveFile, OWN_OUTPUT } from './live-file';

/**
 * In Nx's own process: takes from the process of a task what a person is to see at once, and prints it.
 * What such a process prints itself is shown late, where several targets are run, and kept, to be printed
 * again with every hit.
 *
 * Where Nx draws over the terminal, nothing is offered.
 *
 * Nx's terminal UI shows what a process prints as it comes, and nothing else; there the process prints it,
 * and it is taken out of what Nx keeps when Nx ends.
 *
 * Whatever goes wrong here is no reason to fail a run: there is a line a step then, when it has ended.
 */
export async function showLive(
  root: string,
  taskGraph: TaskGraph,
  task: Task,
  key: string,
): Promise<void> {
  try {
    const isOwn = process.env['NX_TUI'] === 'true';
    if (!isOwn && isDrawn(taskGraph)) return;
    const address = isOwn ? OWN_OUTPUT : await listening();
    const file = liveFile(root, task.id, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, address);
    // Before the record of the run is made of what is kept.
    process.prependOnceListener('exit', () => {
      rmSync(file, { force: true });
      if (isOwn) keepNoneOf(key);
    });
  } catch {
    // See above.
  }
}

let address: Promise<string> | undefined;

/** The socket of this process, listening: whoever ends it, Nx does not wait for it. */
function listening(): Promise<string> {
  address ??= new Promise((resolve, reject) => {
    // One that nobody else can open, and short: the path of a socket has a hundred letters at most.
    const folder = mkdtempSync(join(tmpdir(), 'nx-stages-live-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'socket');
    const server = createServer((socket) => {
      let rest = '';
      socket.unref().setEncoding('utf8');
      socket.on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        const text = `${rest}${chunk}`;
        const end = text.lastIndexOf('\n') + 1;
        rest = text.slice(end);
        // Whole lines: others print here, too.
        if (end > 0) process.stdout.write(text.slice(0, end));
      });
    });
    server.unref().once('error', reject);
    server.listen(path, () => resolve(path));
  });
  return address;
}

/** Takes out of what Nx keeps of a task what was for the moment. */
function keepNoneOf(key: string): void {
  const file = join(cacheDir, 'terminalOutputs', key);
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, lines.filter((line) => !isLive(line)).join('\n'));
  } catch {
    // It failed, or was a hit of which nothing is kept.
  }
}
