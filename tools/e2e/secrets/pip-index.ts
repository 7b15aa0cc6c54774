import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** An index as pip reads it (PEP 503), with one package, for those alone who have the token. */
export interface PipIndex {
  host: string;
  /** `user:token@172.17.0.1:1234`, as pip's settings have it in an address. */
  authority: string;
  /** The arguments of all processes of this machine, as they were at each request. */
  seenArguments: string[];
  stop(): void;
}

/** A wheel is a zip with a list of itself. */
const WHEEL = `
import sys, zipfile
name, folder = sys.argv[1:]
info = f'{name}-1.0.dist-info'
with zipfile.ZipFile(f'{folder}/{name}-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr(f'{name}.py', 'said = "acme says hello"\\n')
    wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: e2e\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{info}/RECORD', f'{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n')
`;

export async function startPipIndex(
  folder: string,
  host: string,
  token: string,
): Promise<PipIndex> {
  const name = 'acme_tool';
  execFileSync('python3', ['-c', WHEEL, name, folder]);
  const wheel = `${name}-1.0-py3-none-any.whl`;
  const expected = `Basic ${Buffer.from(`builder:${token}`).toString('base64')}`;
  const seenArguments: string[] = [];
  const server = createServer((request, response) => {
    seenArguments.push(argumentsNow());
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="acme"' }).end();
    } else if (request.url === '/simple/acme-tool/') {
      response.setHeader('content-type', 'text/html');
      response.end(`<!DOCTYPE html><a href="/files/${wheel}">${wheel}</a>`);
    } else if (request.url === `/files/${wheel}`) {
      response.end(readFileSync(join(folder, wheel)));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  const { port } = server.address() as AddressInfo;
  return {
    host: `${host}:${port}`,
    authority: `builder:${encodeURIComponent(token)}@${host}:${port}`,
    seenArguments,
    stop: () => void server.close(),
  };
}

function argumentsNow(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // It has ended meanwhile.
        return '';
      }
    })
    .join('\n');
}
