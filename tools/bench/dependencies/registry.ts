import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Engine } from '@excel2doc/engine';
import { debianProgram } from '@excel2doc/oci/testing/debian';

/** A registry of images on this machine's loopback. */
export interface ImageRegistry {
  port: number;
  /** `localhost:<port>` */
  host: string;
  storedBytes(): number;
  stop(): void;
}

export async function startRegistry(): Promise<ImageRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-registry-'));
  const config = join(folder, 'config.json');
  const data = join(folder, 'data');
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: data } },
      http: { addr: '127.0.0.1:0' },
    }),
  );
  const program = debianProgram('docker-registry', 'usr/bin/docker-registry');
  const child = spawn(program, ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the registry ended')));
    for (const stream of [child.stdout, child.stderr])
      createInterface(stream).on('line', (line) => {
        const found = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (found) resolve(Number(found));
      });
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    port,
    host: `localhost:${port}`,
    storedBytes: () => bytesBelow(data),
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

interface Manifest {
  config: { digest: string; size: number };
  layers: { digest: string; size: number }[];
}

/** What an image brings to a registry that has the one that was pushed there before. */
export class Pushes {
  private had = new Set<string>();

  /** @param repository of this way of building alone */
  constructor(
    private readonly engine: Engine,
    private readonly registry: ImageRegistry,
    private readonly repository: string,
  ) {}

  /** @returns compressed bytes of configuration and layers that are new there */
  async push(image: string): Promise<number> {
    const name = `${this.registry.host}/${this.repository}:bench`;
    await this.engine.command(['image', 'tag', image, name]);
    await this.engine.command(['image', 'push', '--quiet', name]);
    await this.engine.command(['image', 'rm', name]);
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const url = `http://${this.registry.host}/v2/${this.repository}/manifests/bench`;
    const old = 'application/vnd.docker.distribution.manifest.v2+json';
    const answer = await fetch(url, { headers: { accept: `${type}, ${old}` } });
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    const { config, layers } = (await answer.json()) as Manifest;
    const blobs = new Map([config, ...layers].map(({ digest, size }) => [digest, size]));
    const added = [...blobs].filter(([digest]) => !this.had.has(digest));
    this.had = new Set(blobs.keys());
    return added.reduce((sum, [, size]) => sum + size, 0);
  }
}
