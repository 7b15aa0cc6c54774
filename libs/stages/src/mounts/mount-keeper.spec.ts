import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { resolveInstructions } from '@excel2doc/dockerfile';
import { EngineError } from '@excel2doc/engine';
import { OciError, type RemoteCache } from '@excel2doc/oci';
import { expect, it, vi } from 'vitest';
import { openKeeper } from '../build/open-keeper';
import type { StageBuild } from '../build/stage-build';
import { planOf } from '../testing/plans';
import type { KeptMount } from './kept-mounts';
import { serialiseListing } from './listing';
import { type KeeperOptions, MountKeeper } from './mount-keeper';

const plan = planOf(['RUN --mount=type=cache,target=/root/.npm true']);

const noMore = new Error('it did no more\n::set-output name=x::y');

/** An engine that says what it was asked to mount, and does no more. */
function engineOf(mounted: string[], failure: Error = noMore) {
  const build = async ({ dockerfile }: { dockerfile: string }) => {
    const found = [...readFileSync(dockerfile, 'utf8').matchAll(/id=(\w+)/g)];
    mounted.push(...found.map(([, id]) => id!));
    throw failure;
  };
  return { build } as unknown as KeeperOptions['build']['engine'];
}

async function keeperOf(cache: Partial<RemoteCache>, failure?: Error) {
  const said: string[] = [];
  const mounted: string[] = [];
  const mounts = ['one', 'two'].map((id): KeptMount => ({
    kind: 'npm',
    target: '/root/.npm',
    options: `id=${id}`,
    slot: id,
  }));
  const engine = engineOf(mounted, failure);
  const keeper = await MountKeeper.open({
    cache: { close: async () => undefined, ...cache } as RemoteCache,
    mounts,
    budgetBytes: 100,
    build: { engine, plan, builder: undefined, base: undefined, buildArgs: {} },
    say: (line) => said.push(line),
  });
  return { keeper, said, mounted };
}

const down = new OciError('REMOTE_CACHE', { message: 'the remote cache does not answer' });

it('a cache that is down is one line, however many mounts there are', async () => {
  const { keeper, said, mounted } = await keeperOf({ has: () => Promise.reject(down) });
  await keeper.restore();
  await keeper.harvest();
  expect(said).toEqual([
    '! cache mounts: what was kept is not put in place: the remote cache does not answer',
  ]);
  expect(mounted).toEqual([]);
  await keeper.close();
});

it('a mount whose listings cannot be read is left alone, and no other', async () => {
  let count = 0;
  const has = async () => {
    if (count++ === 0) throw down;
    return false;
  };
  const { keeper, said, mounted } = await keeperOf({ has });
  await keeper.restore();
  await keeper.harvest();
  expect(mounted).toEqual(['two']);
  expect(said).toEqual([
    '! cache mounts: what was kept is not put in place: the remote cache does not answer',
    '! cache mounts: what is new in them is not kept: it did no more',
  ]);
  await keeper.close();
});

it('a builder that is gone is the end before the build, which would ask it again, and a line after it', async () => {
  const kept = serialiseListing({ atMs: 1, files: [] });
  const cache = {
    has: () => Promise.resolve(true),
    openNamed: () => Promise.resolve(Readable.from([kept])),
  } as unknown as Partial<RemoteCache>;
  for (const code of ['BUILDER_GONE', 'NO_BUILDER', 'BUILD_FAILED'] as const) {
    const gone = new EngineError(code, { message: 'it is away', hint: '' });
    const { keeper, said } = await keeperOf(cache, gone);
    const ended = await keeper.restore().catch((error: unknown) => error);
    expect(ended).toBe(code === 'BUILD_FAILED' ? undefined : gone);
    said.length = 0;
    await keeper.harvest();
    expect(said).toEqual(['! cache mounts: what is new in them is not kept: it is away']);
    await keeper.close();
  }
});

it('what fails as it ends is a line', async () => {
  const close = () => Promise.reject(new Error('it is gone'));
  const { keeper, said } = await keeperOf({ close });
  await keeper.close();
  expect(said).toEqual(['! cache mounts: they are not closed: it is gone']);
});

it('a keeper that cannot be opened is a line, and the build goes on', async () => {
  const said: string[] = [];
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', 'http://127.0.0.1:1');
  vi.stubEnv('TMPDIR', '/nowhere');
  const build = {
    stage: 'deps',
    project: { home: 'app' },
    mounts: { budget: '1GB', say: (line: string) => said.push(line) },
  } as unknown as StageBuild;
  const helped = { engine: engineOf([]), plan, builder: undefined, base: 'b', buildArgs: {} };
  expect(await openKeeper(build, resolveInstructions(plan, {}), helped)).toBeUndefined();
  vi.unstubAllEnvs();
  expect(said).toEqual([expect.stringMatching(/^! cache mounts of deps are not kept: ENOENT/)]);
});
