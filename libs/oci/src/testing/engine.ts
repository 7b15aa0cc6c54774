import { execFile, type ExecFileException } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Engine {
  /** Resolves to stdout; rejects with stderr as the message. */
  docker(args: string[], input?: NodeJS.ReadableStream): Promise<string>;
}

interface EngineFile {
  docker: string;
  host: string;
  dockerConfig: string;
}

/** The private engine of this machine. Fails in one line where there is none. */
export async function privateEngine(): Promise<Engine> {
  const path = join(homedir(), '.cache', 'excel2doc', 'engine', 'engine.json');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`no private engine (${path}): start it with the workspace's set-up script`);
  });
  const { docker, host, dockerConfig } = JSON.parse(text) as EngineFile;
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: dockerConfig };
  return {
    docker: (args, input) =>
      new Promise((resolve, reject) => {
        const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
          error
            ? reject(new Error(`docker ${args[0]}: ${stderr || error.message}`))
            : resolve(stdout);
        const child = execFile(docker, args, { env, maxBuffer: 64 << 20 }, done);
        if (input) {
          input.on('error', () => child.kill());
          input.pipe(child.stdin!);
        } else child.stdin!.end();
      }),
  };
}
