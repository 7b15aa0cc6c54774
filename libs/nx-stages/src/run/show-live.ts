import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Task, TaskGraph } from '@nx/devkit';
import { cacheDir } from 'nx/src/utils/cache-directory';
import { isLive } from '@excel2doc/stages';
import { isDrawn, isHeldBack } from './drawn';
import { liveFile, offerText, OWN_OUTPUT, SOCKET_FOLDER, sweepOffers } from './live-file';

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
    // Of a run whose end was not waited for.
    keepNoneOf(key);
    const isOwn = process.env['NX_TUI'] === 'true';
    if (!isOwn && isDrawn(taskGraph)) return;
    offer(root, task, key, isOwn ? OWN_OUTPUT : await listening('now'));
    // Before the record of the run is made of what is kept.
    if (isOwn) process.prependOnceListener('exit', () => keepNoneOf(key));
  } catch {
    // See above.
  }
}

/**
 * The same for what is to be read when Nx has ended: of several tasks that do well Nx shows a line each,
 * and its terminal UI is gone by then.
 */
export async function showAtEnd(root: string, task: Task, key: string): Promise<void> {
  try {
    if (isHeldBack()) offer(root, task, key, await listening('at the end'));
  } catch {
    // See above.
  }
}

/**
 * The same for a task that goes on until it is ended: whatever it ended with, Nx takes it for a success.
 * When it says that it failed, the run ends with status 1.
 */
export async function failWith(root: string, task: Task, key: string): Promise<void> {
  try {
    offer(root, task, key, await listening('failed'));
  } catch {
    // See above.
  }
}

/** Once a process: it is asked for each task. */
let isSwept = false;

function offer(root: string, task: Task, key: string, address: string): void {
  const file = liveFile(root, task.id, key);
  mkdirSync(dirname(file), { recursive: true });
  if (!isSwept) sweepOffers(dirname(file));
  isSwept = true;
  writeFileSync(file, offerText(address));
  process.once('exit', () => rmSync(file, { force: true }));
}

type When = 'now' | 'at the end' | 'failed';

const TAKERS: Record<When, (socket: Socket) => void> = {
  now: printLines,
  'at the end': (socket) => printAtExit(socket, () => undefined),
  failed: (socket) => printAtExit(socket, () => (process.exitCode = 1)),
};

const addresses = new Map<When, Promise<string>>();

/** A socket of this process, listening: whoever ends it, Nx does not wait for it. */
function listening(when: When): Promise<string> {
  const known = addresses.get(when) ?? listen(TAKERS[when]);
  addresses.set(when, known);
  return known;
}

function listen(take: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    // One that nobody else can open, and short: the path of a socket has a hundred letters at most.
    const folder = mkdtempSync(join(tmpdir(), SOCKET_FOLDER));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'socket');
    const server = createServer((socket) => {
      socket.unref().setEncoding('utf8');
      socket.on('error', () => undefined);
      take(socket);
    });
    server.unref().once('error', reject);
    server.listen(path, () => resolve(path));
  });
}

/** Whole lines, as they come: others print here, too. */
function printLines(socket: Socket): void {
  let rest = '';
  socket.on('data', (chunk: string) => {
    const text = `${rest}${chunk}`;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) process.stdout.write(text.slice(0, end));
  });
}

/** Of one task after the other. */
function printAtExit(socket: Socket, andThen: () => void): void {
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  process.once('exit', () => {
    if (text === '') return;
    andThen();
    try {
      // The terminal UI may have taken process.stdout away.
      writeSync(1, text);
    } catch {
      process.stdout.write(text);
    }
  });
}

/** Takes out of what Nx keeps of a task what was for the moment. */
function keepNoneOf(key: string): void {
  const file = join(cacheDir, 'terminalOutputs', key);
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    const kept = lines.filter((line) => !isLive(line));
    if (kept.length < lines.length) writeFileSync(file, kept.join('\n'));
  } catch {
    // Nothing is kept of it.
  }
}
