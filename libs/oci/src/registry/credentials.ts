import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { OciError } from '../error';

export type Credentials =
  | { kind: 'basic'; username: string; password: string }
  /** Exchanged for a token at the registry's token server. */
  | { kind: 'identity'; token: string }
  /** Sent as it is. */
  | { kind: 'bearer'; token: string };

interface DockerConfig {
  auths?: Record<
    string,
    {
      auth?: string;
      username?: string;
      password?: string;
      identitytoken?: string;
      registrytoken?: string;
    }
  >;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/**
 * What `docker login` left for a registry: a credential helper, the credential store, or config.json
 * itself, in Docker's order. null where there is nothing: then the registry is asked without.
 *
 * @param configFolder `DOCKER_CONFIG`, or `~/.docker`, where left out
 * @throws OciError `CREDENTIALS` when the file is no JSON or a helper fails
 */
export async function readCredentials(
  registry: string,
  configFolder = process.env['DOCKER_CONFIG'] || join(homedir(), '.docker'),
): Promise<Credentials | null> {
  const path = join(configFolder, 'config.json');
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  let config: DockerConfig;
  try {
    config = JSON.parse(text) as DockerConfig;
  } catch (cause) {
    throw new OciError('CREDENTIALS', { message: `${path} is no JSON`, cause });
  }
  const names = serverNames(registry);
  for (const name of names) {
    const helper = config.credHelpers?.[name] ?? config.credsStore;
    const found = helper ? await askHelper(helper, name) : null;
    if (found) return found;
  }
  for (const name of names) {
    const entry = config.auths?.[name];
    if (!entry) continue;
    if (entry.registrytoken) return { kind: 'bearer', token: entry.registrytoken };
    if (entry.identitytoken) return { kind: 'identity', token: entry.identitytoken };
    const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8') : '';
    const colon = decoded.indexOf(':');
    const username = entry.username ?? decoded.slice(0, Math.max(colon, 0));
    const password = entry.password ?? decoded.slice(colon + 1).replace(/\0+$/, '');
    if (username) return { kind: 'basic', username, password };
  }
  return null;
}

/** Under which names Docker and others keep a registry's entry. */
function serverNames(registry: string): string[] {
  if (registry === 'docker.io')
    return ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io'];
  return [registry, `https://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
}

/** @see docker/docker-credential-helpers: `get` takes the server's name on stdin, answers in JSON */
async function askHelper(helper: string, server: string): Promise<Credentials | null> {
  const command = `docker-credential-${helper}`;
  const { code, stdout, stderr } = await new Promise<{
    code: number | null;
    stdout: string;
    stderr: string;
  }>((resolve, reject) => {
    const child = spawn(command, ['get'], { stdio: 'pipe' });
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (texts.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (texts.stderr += String(chunk)));
    child.on('error', (cause) =>
      reject(
        new OciError('CREDENTIALS', {
          message: `${command} cannot be started`,
          hint: `Docker's config.json names it for ${server}: install it, or take it out`,
          cause,
        }),
      ),
    );
    child.on('close', (exit) => resolve({ code: exit, ...texts }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(server);
  });
  if (code !== 0) {
    if (/not found/i.test(stdout + stderr)) return null;
    throw new OciError('CREDENTIALS', {
      message: `${command} failed: ${(stdout + stderr).trim()}`,
      hint: `log in to ${server} again`,
    });
  }
  try {
    const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
    if (Username === '<token>') return { kind: 'identity', token: Secret };
    return { kind: 'basic', username: Username, password: Secret };
  } catch (cause) {
    throw new OciError('CREDENTIALS', { message: `${command} answered no JSON`, cause });
  }
}
