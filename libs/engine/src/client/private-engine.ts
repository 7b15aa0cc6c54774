import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What sets up the private engine writes about it, at `privateEngineFile()`. */
export interface PrivateEngineFile {
  format: 1;
  /** Path of the client. */
  docker: string;
  /** 'unix:///…' */
  host: string;
  /** Value for DOCKER_CONFIG: the folder that holds `cli-plugins`. */
  dockerConfig: string;
}

/** `${XDG_CACHE_HOME:-~/.cache}/excel2doc`: what all clones of a user share. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['XDG_CACHE_HOME'];
  // The XDG base directory specification has relative paths ignored.
  return join(given?.startsWith('/') ? given : join(homedir(), '.cache'), 'excel2doc');
}

export function privateEngineFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(env), 'engine', 'engine.json');
}

/** Undefined when none was ever set up. */
export async function readPrivateEngine(
  env: NodeJS.ProcessEnv,
): Promise<PrivateEngineFile | undefined> {
  const text = await readFile(privateEngineFile(env), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as PrivateEngineFile);
}
