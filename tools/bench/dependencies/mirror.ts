import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

/** What was taken from a mirror. */
export interface Taken {
  /** Wheels, tarballs, modules and jars, each once. */
  packages: number;
  bytes: number;
}

export interface Mirror {
  port: number;
  /** Since it was asked last. */
  taken(): Taken;
  stop(): void;
}

const PACKAGE = /\.(whl|tgz|zip|jar)$/;

/** Serves a folder on a free port of the loopback: all package managers ask for paths alone. */
export async function startMirror(folder: string): Promise<Mirror> {
  const packages = new Set<string>();
  let bytes = 0;
  const server = createServer(({ url = '', method }, answer) => {
    const path = normalize(decodeURIComponent(new URL(url, 'http://mirror').pathname));
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return void answer.writeHead(404).end();
    const isPage = file.endsWith('.html');
    answer.writeHead(200, {
      'content-type': isPage ? 'text/html' : 'application/octet-stream',
      'content-length': found.size,
      // As the public index has it: pip keeps what may be kept.
      'cache-control': isPage ? 'max-age=600, public' : 'max-age=365000000, immutable, public',
      etag: `"${found.size}-${found.mtimeMs}"`,
    });
    if (method === 'HEAD') return void answer.end();
    bytes += found.size;
    if (PACKAGE.test(path)) packages.add(path);
    createReadStream(file).pipe(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    taken() {
      const taken = { packages: packages.size, bytes };
      packages.clear();
      bytes = 0;
      return taken;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
