import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections over which nothing has come. Clients open some ahead, and Node does not take them for
 * idle: a server that closes would wait for them as for a transfer.
 */
export class UnusedConnections {
  readonly #open = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
  }

  close(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }
}
