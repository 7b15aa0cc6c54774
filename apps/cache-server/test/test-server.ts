import { onTestFinished } from 'vitest';
import { newToken } from '../src/access/static-tokens';
import type { configSchema } from '../src/config/config';
import { parseConfig } from '../src/config/load-config';
import { startServer, type RunningServer } from '../src/start-server';
import type { z } from 'zod';
import { temporaryFolder } from './temporary-folder';

export type RawConfig = z.input<typeof configSchema>;

export interface TestServer extends RunningServer {
  folder: string;
  tokens: TestTokens;
  config: RawConfig;
}

/** Tokens of a team: main is trusted, pull requests and laptops read it. */
export type TestTokens = Record<'main' | 'pr1' | 'pr2' | 'laptop' | 'reader' | 'expired', string>;

/** A configuration with those tokens, its folder, and the tokens themselves. */
export function teamConfig(folder: string): { config: RawConfig; tokens: TestTokens } {
  const made = {
    main: newToken(),
    pr1: newToken(),
    pr2: newToken(),
    laptop: newToken(),
    reader: newToken(),
    expired: newToken(),
  };
  const token = (name: keyof typeof made, scope: string, more: object = {}) => ({
    name,
    sha256: made[name].sha256,
    scope,
    ...more,
  });
  const config: RawConfig = {
    listen: { port: 0 },
    log: 'silent',
    scopes: {
      main: { trusted: true },
      'pr-*': { parents: ['main'] },
      'dev-laptop': { parents: ['main'] },
    },
    tokens: [
      token('main', 'main'),
      token('pr1', 'pr-1'),
      token('pr2', 'pr-2'),
      token('laptop', 'dev-laptop'),
      token('reader', 'main', { access: 'read' }),
      token('expired', 'main', { expiresAt: '2020-01-01T00:00:00Z' }),
    ],
    store: { kind: 'disk', directory: folder },
  };
  const tokens = Object.fromEntries(Object.entries(made).map(([name, { token }]) => [name, token]));
  return { config, tokens: tokens as TestTokens };
}

/** A server in this process, gone with the test. */
export async function testServer(changes: Partial<RawConfig> = {}): Promise<TestServer> {
  const folder = await temporaryFolder();
  const { config, tokens } = teamConfig(folder);
  const changed = { ...config, ...changes };
  const server = await startServer(parseConfig(changed, {}, folder));
  onTestFinished(() => server.stop());
  return { ...server, folder, tokens, config: changed };
}

export function put(url: string, token: string, hash: string, body: Buffer): Promise<Response> {
  return fetch(`${url}/v1/cache/${hash}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(body),
  });
}

export function get(url: string, token: string, hash: string): Promise<Response> {
  return fetch(`${url}/v1/cache/${hash}`, { headers: { authorization: `Bearer ${token}` } });
}

export async function metricsOf(url: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${url}/metrics`, { headers })).text();
}

export async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}
