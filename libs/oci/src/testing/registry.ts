import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { debianProgram } from './debian';
import { temporaryFolder } from './folder';

/** A real registry on a free loopback port, gone with the test. Gives `localhost:<port>`. */
export async function realRegistry(login?: {
  username: string;
  password: string;
}): Promise<string> {
  const folder = await temporaryFolder();
  const config = join(folder, 'config.json');
  let auth = {};
  if (login) {
    const path = join(folder, 'htpasswd');
    const python =
      'import crypt,sys; print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))';
    const hash = execFileSync('python3', ['-W', 'ignore', '-c', python, login.password], {
      encoding: 'utf8',
    });
    await writeFile(path, `${login.username}:${hash.trim()}\n`);
    auth = { auth: { htpasswd: { realm: 'test', path } } };
  }
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: '127.0.0.1:0' },
      ...auth,
    }),
  );
  const child = spawn(
    debianProgram('docker-registry', 'usr/bin/docker-registry'),
    ['serve', config],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => stop(child));
  const port = await listeningPort(child);
  return `localhost:${port}`;
}

function listeningPort(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line);
        const match = /listening on 127\.0\.0\.1:(\d+)/.exec(line);
        if (match) resolve(match[1]!);
      });
    }
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the registry ended:\n${lines.join('\n')}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
