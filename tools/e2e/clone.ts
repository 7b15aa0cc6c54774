import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';

/** A checkout of its own: what git tracks and the changes to it, nothing that is ignored. */
export interface Clone {
  folder: string;
  /** Keeps it apart from a backend that the developer has running. */
  env: Record<string, string>;
  port: number;
  /** The Compose project. */
  project: string;
  /** Of the images that it builds. */
  tag: string;
}

export async function makeClone(name: string): Promise<Clone> {
  const folder = join(workspaceRoot, 'tmp', 'e2e', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { execa } = await import('execa');
  const list = await execa(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { cwd: workspaceRoot },
  );
  const files = list.stdout.split('\0').filter(Boolean);
  await execa('tar', ['-cf', '-', '--ignore-failed-read', '-T', '-'], {
    cwd: workspaceRoot,
    input: files.join('\n'),
    stdout: { file: join(folder, '.clone.tar') },
    stderr: 'ignore',
  });
  await execa('tar', ['-xf', '.clone.tar'], { cwd: folder });
  rmSync(join(folder, '.clone.tar'));
  await gitIn(folder, 'init', '-q', '-b', 'main');
  await gitIn(folder, 'add', '-A');
  await gitIn(folder, 'commit', '-qm', 'The working tree under test');
  const [backend, postgres, redis] = await Promise.all([freePort(), freePort(), freePort()]);
  const project = `excel2doc-e2e-${name}`;
  const tag = `e2e-${name}`;
  return {
    folder,
    port: backend,
    project,
    tag,
    env: {
      COMPOSE_PROJECT_NAME: project,
      NX_STAGES_TAG: tag,
      BACKEND_TAG: tag,
      BACKEND_PORT: String(backend),
      POSTGRES_PORT: String(postgres),
      REDIS_PORT: String(redis),
      NX_DAEMON: 'false',
      CI: 'true',
    },
  };
}

/** Git as somebody who may commit; what it printed. Throws where it fails. */
export async function gitIn(folder: string, ...args: string[]): Promise<string> {
  const { execa } = await import('execa');
  const identity = ['-c', 'user.name=e2e', '-c', 'user.email=e2e@localhost'];
  return (await execa('git', [...identity, ...args], { cwd: folder })).stdout;
}

/** A port that nothing listens on; another program could take it, which Compose would report. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The environment of a command in the clone. */
export function environmentOf(clone: Pick<Clone, 'env'>): Record<string, string | undefined> {
  // Nx puts its own state of the outer run into the environment; the clone is a workspace of its own,
  // and what it builds must not come from a remote cache.
  const outer = Object.entries(process.env).filter(([key]) => !/^(NX_|EXCEL2DOC_CACHE_)/.test(key));
  return { ...Object.fromEntries(outer), ...clone.env };
}

/** Runs a command in the clone; never throws, so that a test can assert on its exit status. */
export async function runIn(
  clone: Pick<Clone, 'folder' | 'env'>,
  command: string,
  args: string[],
  env: Record<string, string> = {},
) {
  const { execa } = await import('execa');
  const result = await execa(command, args, {
    cwd: clone.folder,
    env: { ...environmentOf(clone), ...env, FORCE_COLOR: '0' },
    extendEnv: false,
    reject: false,
    all: true,
    stdin: 'ignore',
  });
  return { status: result.exitCode ?? -1, output: result.all };
}
