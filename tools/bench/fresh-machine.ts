import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, readBases } from '@excel2doc/engine';
import { step } from '../steps';
import { onFreshEngine, startRemoteCache } from './fresh';
import { type Measured, measureCommand } from './measure';
import { packageAdded, sourceLine } from './scenarios';
import { type FreshFacts, type Row, rowsOf } from './table';
import { type Bases, PLAIN, type Place, clientEnv, plainWay, writeOurs } from './ways';
import { backend } from './workload';

export const WITHOUT_CACHE = 'ours, no remote cache';
export const WITH_CACHE = 'ours, with the remote cache';
export const WITH_CACHE_MORE = `${WITH_CACHE}, one package added`;

export const FRESH = 'fresh machine';

export interface FreshResult {
  rows: Row[];
  facts: FreshFacts;
}

/** The backend on an engine with nothing in it, each time another one; a round of each. */
export async function measureFresh(clone: Place['clone'], bases: Bases): Promise<FreshResult> {
  const remote = await startRemoteCache();
  const freshly = (title: string, env: Record<string, string> = {}) =>
    step(`fresh machine: ${title}`, () => ours(clone, env));
  try {
    const plain = await step(`fresh machine: ${PLAIN}`, () =>
      onFreshEngine(async (engine, _env, pid) => {
        await loadBases(engine, bases);
        return plainWay(backend, { clone, engine, servers: () => [pid] }, bases).run();
      }),
    );
    const folder = writeOurs(backend, clone.folder);
    const without = await freshly(WITHOUT_CACHE);
    const first = digestIn(clone);
    await freshly('filling the remote cache, not measured', remote.env);
    const second = digestIn(clone);
    const restored = await freshly(WITH_CACHE, remote.env);
    sourceLine(backend).change(folder, 0);
    const before = remote.storedBytes();
    const changed = await freshly(`${WITH_CACHE}, one source line changed`, remote.env);
    const between = remote.storedBytes();
    packageAdded.change(folder, 0);
    const more = await freshly(WITH_CACHE_MORE, remote.env);
    const found = new Map<string, Measured[]>([
      [PLAIN, [plain]],
      [WITHOUT_CACHE, [without]],
      [WITH_CACHE, [restored]],
      [`${WITH_CACHE}, one source line changed`, [changed]],
      [WITH_CACHE_MORE, [more]],
    ]);
    return {
      rows: rowsOf('backend', FRESH, found, PLAIN),
      facts: {
        digests: [first, second],
        lineBytes: between - before,
        packageBytes: remote.storedBytes() - between,
      },
    };
  } finally {
    await remote.stop();
  }
}

/** As on a CI runner: nothing built, no cache, no daemon. */
async function ours(clone: Place['clone'], more: Record<string, string>): Promise<Measured> {
  for (const name of ['dist', '.nx'])
    rmSync(join(clone.folder, name), { recursive: true, force: true });
  return onFreshEngine((engine, env, pid) =>
    measureCommand(
      {
        command: [join(clone.folder, 'node_modules/.bin/nx'), 'run', 'backend:docker-build'],
        cwd: clone.folder,
        env: {
          ...env,
          ...clientEnv(engine),
          ...clone.env,
          ...more,
          XDG_CACHE_HOME: env['XDG_CACHE_HOME'],
        },
      },
      [pid],
    ),
  );
}

/** Puts the stand-ins into an engine, under `names`. */
export async function loadBases(engine: Engine, names: Bases): Promise<void> {
  const found = Object.values((await readBases())?.platforms[engine.platform] ?? {});
  for (const { reference, digest, layoutDir } of found) {
    const name = names[reference];
    if (name && layoutDir) await engine.loadLayout({ dir: layoutDir, digest }, name);
  }
}

function digestIn(clone: Place['clone']): string {
  const folder = join(clone.folder, 'dist/apps/backend/docker/runner');
  const [file = ''] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('image.json'),
  );
  return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { digest: string }).digest;
}
