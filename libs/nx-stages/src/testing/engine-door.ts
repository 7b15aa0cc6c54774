import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateEngineFile, privateEngineFile } from '@excel2doc/engine';

/** This machine's engine behind a socket that can go away. */
export class EngineDoor {
  private readonly folder = mkdtempSync(join(tmpdir(), 'door-'));
  private server: Server | undefined;
  private last: RegExp | undefined;
  private readonly sockets = new Set<Socket>();

  /** @returns the variables with which it is the engine */
  async open(): Promise<NodeJS.ProcessEnv> {
    const text = await readFile(privateEngineFile(), 'utf8').catch(() => '{}');
    const own = JSON.parse(text) as Partial<PrivateEngineFile>;
    const host = process.env['DOCKER_HOST'] || own.host || 'unix:///var/run/docker.sock';
    const path = join(this.folder, 'engine.sock');
    await rm(path, { force: true });
    this.server = createServer((client) => {
      const behind = connect(host.replace('unix://', ''));
      for (const socket of [client, behind]) this.sockets.add(socket.on('error', () => undefined));
      client.pipe(behind).pipe(client);
      if (this.last) this.shutAfter(this.last, client, behind);
    });
    await new Promise<void>((resolve) => this.server?.listen(path, resolve));
    const env = { XDG_CACHE_HOME: this.folder };
    const file = privateEngineFile(env);
    await mkdir(join(file, '..'), { recursive: true });
    const docker = own.docker ?? 'docker';
    await writeFile(file, JSON.stringify({ ...own, format: 1, docker, host: `unix://${path}` }));
    return { ...env, DOCKER_HOST: `unix://${path}` };
  }

  /** Has it go away for who comes next, when a request of that kind was answered. */
  goAfter(request: RegExp): void {
    this.last = request;
  }

  private shutAfter(request: RegExp, client: Socket, behind: Socket): void {
    let isAsked = false;
    client.on('data', (sent) => (isAsked ||= request.test(sent.toString('latin1'))));
    behind.on('data', () => {
      if (isAsked && this.last) this.server?.close();
      if (isAsked) this.last = undefined;
    });
  }

  close(): void {
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
  }

  remove(): void {
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
