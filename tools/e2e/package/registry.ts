import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '@excel2doc/engine';
import { freePort } from '../clone';

// Later ones want Node 22.
const VERSION = '6.7.4';

/** A real npm registry on this machine; it holds our package alone, npm takes the others from its own. */
export interface LocalRegistry {
  /** For NPM_CONFIG_USERCONFIG: the user's own settings, and our scope from this registry. */
  npmrc: string;
  stop(): void;
}

/**
 * @param folder for its storage and settings; absolute
 * @param host an address of this machine; another one for whom containers are to reach it
 */
export async function startRegistry(folder: string, host = '127.0.0.1'): Promise<LocalRegistry> {
  const verdaccio = await install();
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const access = '{ access: $all, publish: $all, unpublish: $all }';
  const child = start(verdaccio, folder, `${host}:${port}`, [
    `packages: { '@excel2doc/*': ${access} }`,
  ]);
  const url = `http://${host}:${port}/`;
  await answers(url, child);
  const npmrc = join(folder, 'npmrc');
  const own = process.env['NPM_CONFIG_USERCONFIG'] ?? join(homedir(), '.npmrc');
  const settings = existsSync(own) ? readFileSync(own, 'utf8') : '';
  // npm sends no package without a token; what it is does not matter here.
  const token = `//${host}:${port}/:_authToken=local`;
  writeFileSync(npmrc, `${settings}\n@excel2doc:registry=${url}\n${token}\n`);
  return { npmrc, stop: () => child.kill() };
}

/** A registry that gives its packages to those alone who have a token. */
export interface PrivateRegistry {
  /** `http://172.17.0.1:4873/` */
  url: string;
  token: string;
  stop(): void;
}

/** @param host an address of this machine, that containers reach too */
export async function startPrivateRegistry(folder: string, host: string): Promise<PrivateRegistry> {
  const verdaccio = await install();
  mkdirSync(folder, { recursive: true });
  const at = `${host}:${await freePort()}`;
  const child = start(verdaccio, folder, at, [
    `auth: { htpasswd: { file: ${join(folder, 'htpasswd')}, max_users: 10 } }`,
    "packages: { '**': { access: $authenticated, publish: $authenticated } }",
  ]);
  const url = `http://${at}/`;
  await answers(url, child);
  const name = 'builder';
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: 'of-a-test' }),
  });
  const { token } = (await response.json()) as { token: string };
  return { url, token, stop: () => child.kill() };
}

function start(verdaccio: string, folder: string, at: string, settings: string[]): ChildProcess {
  const config = join(folder, 'config.yaml');
  const lines = [
    `storage: ${join(folder, 'storage')}`,
    ...settings,
    'log: { type: stdout, level: error }',
    'web: { enable: false }',
    '',
  ];
  writeFileSync(config, lines.join('\n'));
  return spawn(process.execPath, [verdaccio, '--config', config, '--listen', at], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** Verdaccio's start script, installed once into the user's cache folder. */
async function install(): Promise<string> {
  const folder = join(cacheFolder(), 'tools', `verdaccio-${VERSION}`);
  const script = join(folder, 'node_modules/verdaccio/bin/verdaccio');
  if (existsSync(script)) return script;
  const unfinished = `${folder}.unfinished-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  const manifest = {
    private: true,
    dependencies: { verdaccio: VERSION },
    // It asks for a tag that a mirror of the registry may not have.
    overrides: { 'node-fetch': '2.6.7' },
  };
  writeFileSync(join(unfinished, 'package.json'), JSON.stringify(manifest));
  const { execa } = await import('execa');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--omit=dev'];
  await execa('npm', ['install', ...quiet], { cwd: unfinished });
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return script;
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`Verdaccio ended with ${child.exitCode}`);
    const response = await fetch(`${url}-/ping`).catch(() => undefined);
    if (response?.ok) return;
    await sleep(200);
  }
  throw new Error('Verdaccio does not answer');
}
