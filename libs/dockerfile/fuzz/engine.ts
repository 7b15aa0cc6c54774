import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** How the tests start the engine: the private one where there is one, else `docker`. */
export interface Engine {
  docker: string;
  env: NodeJS.ProcessEnv;
}

interface EngineFile {
  docker: string;
  host: string;
  dockerConfig: string;
}

/** @throws Error in one line where no engine answers */
export function findEngine(): Engine {
  const found = candidates().find(({ docker, env }) => {
    const { status } = spawnSync(docker, ['version', '--format', '{{.Server.Version}}'], { env });
    return status === 0;
  });
  if (!found)
    throw new Error('No container engine answers: start Docker, or run `npm start` once.');
  return found;
}

function candidates(): Engine[] {
  const file = join(homedir(), '.cache/excel2doc/engine/engine.json');
  const onPath = { docker: 'docker', env: process.env };
  if (!existsSync(file)) return [onPath];
  const { docker, host, dockerConfig } = JSON.parse(readFileSync(file, 'utf8')) as EngineFile;
  return [
    { docker, env: { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: dockerConfig } },
    onPath,
  ];
}

export interface Build {
  contextDir: string;
  dockerfile: string;
  /** A folder that receives the file system of the result. */
  exportTo: string;
  options?: string[];
}

/** Builds and exports; gives what BuildKit printed, and whether it succeeded. */
export async function build(
  engine: Engine,
  { contextDir, dockerfile, exportTo, options = [] }: Build,
) {
  const output = `type=local,dest=${exportTo}`;
  const args = ['buildx', 'build', '--provenance=false', '--quiet', '--output', output, ...options];
  const child = spawn(engine.docker, [...args, '--file', dockerfile, contextDir], {
    env: engine.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  return { ok: status === 0, printed };
}
