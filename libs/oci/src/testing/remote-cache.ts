import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './folder';

const PROGRAM = join(__dirname, '../../../../apps/cache-server/bin/excel2doc-cache.mjs');

export interface RealCache {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** `main` is trusted; pull requests read it, `reader` writes nothing. */
  tokens: Record<'main' | 'pr1' | 'pr2' | 'reader', string>;
}

/** This repository's cache server on a free port with an empty disk, gone with the test. */
export async function realCache(): Promise<RealCache> {
  const folder = await temporaryFolder();
  const made = ['main', 'pr1', 'pr2', 'reader'].map((name) => {
    const token = randomBytes(24).toString('hex');
    return { name, token, sha256: createHash('sha256').update(token).digest('hex') };
  });
  const scopes: Record<string, string> = { pr1: 'pr-1', pr2: 'pr-2' };
  const config = {
    listen: { port: 0 },
    scopes: { main: { trusted: true }, 'pr-*': { parents: ['main'] } },
    tokens: made.map(({ name, sha256 }) => ({
      name,
      sha256,
      scope: scopes[name] ?? 'main',
      ...(name === 'reader' && { access: 'read' }),
    })),
    store: { kind: 'disk', directory: join(folder, 'data') },
  };
  const file = join(folder, 'cache.yaml');
  await writeFile(file, JSON.stringify(config));
  const tokens = Object.fromEntries(made.map(({ name, token }) => [name, token]));
  return { url: await serve(file), tokens: tokens as RealCache['tokens'] };
}

async function serve(config: string): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--config', config]);
  let output = '';
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      const url = /"url":"([^"]+)"/.exec(output)?.[1];
      if (url) resolve(url);
    });
    child.once('close', () => reject(new Error(`the cache server ended: ${output}`)));
  });
}
