import { connect, type Socket } from 'node:net';
import type { Task } from '@nx/devkit';
import { liveFile, OWN_OUTPUT, readOffer } from './live-file';

/** Where a task shows what is for the moment. */
export interface Live {
  show: (line: string) => void;
  /** When all of it has been printed, so that what is said at the end comes after it. */
  close: () => Promise<void>;
}

/** How long is waited for one that prints no more. */
const LONGEST_MS = 2_000;

/**
 * What Nx's process offers to a task that it has forked: see `showLive`. Undefined where it offers
 * nothing.
 *
 * @param print into the task's own output
 */
export async function openLive(
  root: string,
  task: Task | undefined,
  print: (line: string) => void,
): Promise<Live | undefined> {
  if (!task?.hash) return undefined;
  const offer = readOffer(liveFile(root, task.id, task.hash));
  if (!offer) return undefined;
  const { address } = offer;
  if (address === OWN_OUTPUT) return { show: print, close: async () => undefined };
  const socket = await connected(address);
  if (!socket) return undefined;
  return {
    show: (line) => void (socket.writable && socket.write(`${line}\n`)),
    close: () => closed(socket),
  };
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    // Also later: Nx may be gone, and what is for the moment is nobody's then.
    socket.on('error', () => resolve(undefined));
    socket.once('connect', () => resolve(socket));
  });
}

/** The other end closes when it has printed all that came. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const late = setTimeout(() => socket.destroy(), LONGEST_MS);
    socket.once('close', () => {
      clearTimeout(late);
      resolve();
    });
    socket.resume().end();
  });
}
