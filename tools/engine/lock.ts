import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';

/**
 * Runs `work` while no other process runs anything under the same name.
 *
 * The lock is a listening socket in Linux's abstract namespace (unix(7)): the kernel frees it when
 * its holder dies, however it dies, so no stale lock can be left. Who waits holds a connection to
 * the holder and is woken by its end. Elsewhere than on Linux nothing is locked: only Linux hosts
 * have a private engine and stand-in images.
 */
export async function withLock<T>(
  name: string,
  work: () => Promise<T>,
  onWait: (holderPid: string) => void,
): Promise<T> {
  if (process.platform !== 'linux') return work();
  const address = `\0excel2doc-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  let told = false;
  for (;;) {
    const server = await listen(address);
    if (server) {
      try {
        return await work();
      } finally {
        for (const socket of server.waiting) socket.destroy();
        server.close();
      }
    }
    await holderEnded(address, (pid) => {
      if (!told) onWait(pid);
      told = true;
    });
  }
}

type LockServer = Server & { waiting: Set<Socket> };

async function listen(address: string): Promise<LockServer | undefined> {
  const waiting: LockServer['waiting'] = new Set();
  const server = Object.assign(
    createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => undefined).on('close', () => waiting.delete(socket));
      socket.write(`${process.pid}\n`);
      // A lock that is waited for keeps nobody alive.
      socket.unref();
    }),
    { waiting },
  );
  server.listen(address).unref();
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

async function holderEnded(address: string, onHolder: (pid: string) => void): Promise<void> {
  const socket = connect(address);
  socket.on('data', (data) => onHolder(data.toString().trim()));
  // A refused connection means that the holder has just gone.
  socket.on('error', () => undefined);
  await once(socket, 'close').catch(() => undefined);
}
