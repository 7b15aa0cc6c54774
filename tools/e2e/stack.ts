import { join } from 'node:path';
import type { Compose, Engine } from '@excel2doc/engine';
import { workspaceLock } from '../bases/lock';
import { provideImage } from '../bases/provide';
import { resolveBases } from '../bases/resolve';
import { ensureEnvironment, environmentFile } from '../environment';
import { workspaceRoot } from '../workspace';
import { freePort } from './clone';

const TAG = process.env['NX_STAGES_TAG'] ?? 'dev';

/** The service as users run it, with a worker that makes PDFs, beside whatever else is running. */
export interface Stack {
  url: string;
  compose: Compose;
  /** The standard output of a Python program in a container of `service`; throws when it fails. */
  python(service: string, program: string, input?: string): Promise<string>;
}

/** What a suite adds to the stack. */
export interface Additions {
  /** Compose files, by absolute paths. */
  files?: string[];
  /** Settings of the service, and values of those files. */
  variables?: Record<string, string>;
}

/**
 * Starts the images that `backend:docker-build` and `backend:pdf-build` have made.
 *
 * @param name of the suite, whose stack is its own
 */
export async function startStack(
  engine: Engine,
  name: string,
  workers: number,
  { files = [], variables = {} }: Additions = {},
): Promise<Stack> {
  ensureEnvironment();
  await provideServers(engine);
  const [backend, postgres, redis] = await Promise.all([freePort(), freePort(), freePort()]);
  const compose = engine.compose({
    files: [join(workspaceRoot, 'docker/compose.yaml'), ...files],
    project: `excel2doc-e2e-${name}`,
    envFile: environmentFile,
    profiles: ['pdf'],
    variables: {
      ...variables,
      BACKEND_TAG: TAG,
      BACKEND_PORT: String(backend),
      POSTGRES_PORT: String(postgres),
      REDIS_PORT: String(redis),
    },
  });
  await compose.down({ volumes: true });
  await compose.up({ services: ['postgres', 'redis'], wait: true });
  const migrated = await compose.run('migrate', ['alembic', 'upgrade', 'head'], { noDeps: true });
  if (migrated.exitCode !== 0) throw new Error(migrated.stderr);
  await compose.call([
    ...['up', '--detach', '--no-build', '--pull', 'never', '--wait'],
    ...['--scale', `worker=${workers}`],
  ]);
  return {
    url: `http://127.0.0.1:${backend}`,
    compose,
    async python(service, program, input = '') {
      const { exitCode, stdout, stderr } = await compose.exec(service, ['python', '-c', program], {
        input,
      });
      if (exitCode !== 0) throw new Error(stderr);
      return stdout;
    },
  };
}

/** Compose alone looks for PostgreSQL and Redis under their own names, also where others stand in. */
export async function provideServers(engine: Engine): Promise<void> {
  const log = console.log;
  const lock = await workspaceLock();
  const references = Object.keys(lock.images).filter((name) => !name.startsWith('python:'));
  for (const base of await resolveBases({ engine, lock, references, log }))
    await provideImage(engine, base, log);
}

/** A file for the service. @returns the id that it got; throws where it is refused */
export async function upload(
  { url }: Stack,
  kind: 'workbooks' | 'templates',
  name: string,
  content: Buffer,
): Promise<string> {
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(content)]), name);
  const answer = await fetch(`${url}/api/v1/${kind}`, { method: 'POST', body });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
}
