import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLAN_FORMAT, type StagePlan } from '@excel2doc/dockerfile';
import { type BuilderPlatforms, EngineError } from '@excel2doc/engine';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Builders, buildersFor } from '../workspace/builders';
import { planFolder } from '../workspace/paths';
import { planOf } from '../testing/plans';
import { inOrder, onOneBuilder } from './builder-pool';
import type { StageBuild } from './stage-build';

const CHAINS = Array.from({ length: 300 }, (_, at) => `chain ${at}`);

describe('who builds for a platform', () => {
  it('is who is named for it, else for all, else the engine', () => {
    const builders = { '*': ['one', 'two', 'one'], 'linux/arm64': 'arm' };
    expect(buildersFor(builders, 'linux/arm64')).toEqual(['arm']);
    expect(buildersFor(builders, 'linux/amd64')).toEqual(['one', 'two']);
    expect(buildersFor({ 'linux/arm64': 'arm' }, 'linux/amd64')).toEqual([]);
    expect(buildersFor(undefined, 'linux/amd64')).toEqual([]);
  });
});

describe('the order of a chain', () => {
  it('has each builder once, and does not hang on the order in which they are named', () => {
    for (const chain of CHAINS) {
      const order = inOrder(['a', 'b', 'c'], chain);
      expect(order.toSorted()).toEqual(['a', 'b', 'c']);
      expect(inOrder(['c', 'a', 'b'], chain)).toEqual(order);
    }
  });

  it('stays where another builder is taken away or added', () => {
    for (const chain of CHAINS) {
      const four = inOrder(['a', 'b', 'c', 'd'], chain);
      expect(inOrder(['a', 'b', 'c'], chain)).toEqual(four.filter((name) => name !== 'd'));
    }
  });

  it('gives each its share', () => {
    for (const name of ['a', 'b', 'c']) {
      const own = CHAINS.filter((chain) => inOrder(['a', 'b', 'c'], chain)[0] === name);
      expect(own.length).toBeGreaterThan(CHAINS.length / 5);
    }
  });
});

describe('several builders', () => {
  const gone = (name: string) =>
    new EngineError('BUILDER_GONE', { message: `Builder ${name} is away`, hint: 'Look at it' });

  /**
   * What came of it where `work` is what builders do, and what was said.
   *
   * @param says what each says that it builds for; nothing if left out
   * @param root of the workspace, where the plan stands on another
   * @param builders default: these for all platforms
   */
  async function tried(
    names: string[],
    work: (name: string) => Promise<string>,
    says: Record<string, BuilderPlatforms> = {},
    {
      plan = planOf(['RUN true']),
      root = '',
      builders = { '*': names },
    }: { plan?: StagePlan; root?: string; builders?: Builders } = {},
  ) {
    const said: string[] = [];
    const asked: string[] = [];
    // Another engine a test: what was asked of one is remembered.
    const env = { DOCKER_HOST: randomUUID() };
    const engine = { env, builderPlatforms: (name: string) => Promise.resolve(says[name]) };
    const project = { root, home: 'app', builders, engine: async () => engine };
    const build = {
      project,
      stage: 'deps',
      plan,
      warn: (line: string) => void said.push(line),
    } as unknown as StageBuild;
    const run = (name = '') => {
      asked.push(name);
      return work(name);
    };
    const ended = await onOneBuilder(build, run).catch((error: unknown) => ({ error }));
    return { said, asked, ended };
  }

  it('are asked once each, and the last word names all of them and why', async () => {
    const { asked, said, ended } = await tried(['a', 'b', 'c'], (name) => Promise.reject(gone(name)));
    expect(asked.toSorted()).toEqual(['a', 'b', 'c']);
    expect(said).toEqual([
      `deps: Builder ${asked[0]} is away; ${asked[1]} is asked`,
      `deps: Builder ${asked[1]} is away; ${asked[2]} is asked`,
    ]);
    const all = asked.map((name) => `Builder ${name} is away`).join('; ');
    expect(ended).toMatchObject({
      error: { code: 'BUILDER_GONE', message: `No builder for linux/amd64 is there: ${all}` },
    });
  }); // prettier-ignore

  it('are not asked for what is the stage’s own fault, or was cancelled', async () => {
    for (const code of ['BUILD_FAILED', 'CANCELLED', 'DISK_FULL'] as const) {
      const error = new EngineError(code, { message: 'no', hint: 'no' });
      const { asked, said, ended } = await tried(['a', 'b'], () => Promise.reject(error));
      expect({ asked: asked.length, said, ended }).toEqual({ asked: 1, said: [], ended: { error } });
    }
  }); // prettier-ignore

  it('are named where another one did it than the stage goes to, and only there', async () => {
    const first = await tried(['a', 'b'], (name) => Promise.resolve(name));
    expect(first.ended).toEqual({ made: first.asked[0] });
    const [away] = first.asked;
    const second = await tried(['a', 'b'], (name) =>
      name === away ? Promise.reject(gone(name)) : Promise.resolve(name),
    );
    const other = away === 'a' ? 'b' : 'a';
    expect(second.ended).toEqual({ made: other, builder: other });
  });

  const AMD64 = { native: ['linux/amd64', 'linux/386'], emulated: [] };
  const ARM64 = { native: ['linux/arm64'], emulated: [] };
  const both = { native: ['linux/arm64'], emulated: ['linux/amd64'] };

  it('who does not build for the platform is not asked, and nothing is said of it', async () => {
    for (const [able, other] of ['ab', 'ba']) {
      const says = { [able!]: AMD64, [other!]: ARM64 };
      const { asked, said, ended } = await tried(['a', 'b'], (name) => Promise.resolve(name), says);
      expect({ asked, said, ended }).toEqual({ asked: [able], said: [], ended: { made: able } });
    }
  });

  it('who emulates the platform comes after who does not, and who does not say', async () => {
    for (const emulating of ['a', 'b', 'c']) {
      const says = { a: AMD64, b: AMD64, [emulating]: both };
      const { asked } = await tried(['a', 'b', 'c'], (name) => Promise.reject(gone(name)), says);
      expect(asked.at(-1)).toBe(emulating);
      expect(asked).toHaveLength(3);
    }
  });

  it('where none builds for the platform one line says what each does', async () => {
    for (const names of [['a'], ['a', 'b']]) {
      const says = { a: ARM64, b: { native: ['linux/s390x'], emulated: ['linux/arm64'] } };
      const { asked, ended } = await tried(names, (name) => Promise.resolve(name), says);
      expect(asked).toEqual([]);
      expect(ended).toMatchObject({ error: { code: 'BUILDER_UNFIT' } });
      const { message } = (ended as unknown as { error: EngineError }).error;
      expect(message).toMatch(/^No builder that is named for linux\/amd64 builds for it: /);
      expect(message).toContain('a builds for linux/arm64');
      if (names.length > 1)
        expect(message).toContain('b builds for linux/s390x, and emulates linux/arm64');
    }
  });

  it('a stage goes to who is named for the platform that its steps run on, not for the one that it is for', async () => {
    const root = mkdtempSync(join(tmpdir(), 'builder-pool-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const crossing = (plan: StagePlan): StagePlan => ({ ...plan, platform: 'linux/arm64' });
    const native = { kind: 'image', reference: 'rust', digest: null, platform: 'linux/amd64' } as const;
    const lowest = { ...crossing(planOf(['RUN true'])), base: native };
    const middle = { ...crossing(planOf([])), base: { kind: 'stage', stage: 'lowest' } as const };
    const upper = { ...lowest, base: { kind: 'stage', stage: 'middle' } as const };
    mkdirSync(join(root, planFolder('app')), { recursive: true });
    for (const [stage, plan] of Object.entries({ lowest, middle }))
      writeFileSync(
        join(root, planFolder('app'), `${stage}.json`),
        JSON.stringify({ format: PLAN_FORMAT, stage, platforms: [planOf([]), plan] }),
      );
    for (const plan of [lowest, upper]) {
      const made = await tried(['a'], (name) => Promise.resolve(name), { a: AMD64 }, { plan, root });
      expect(made.ended).toEqual({ made: 'a' });
      const own = { plan, root, builders: { 'linux/arm64': 'a', 'linux/amd64': 'b' } };
      expect((await tried([], (name) => Promise.resolve(name), {}, own)).asked).toEqual(['b']);
      const engines = { ...own, builders: { 'linux/arm64': 'a' } };
      expect((await tried([], (name) => Promise.resolve(name), {}, engines)).asked).toEqual(['']);
      const { asked, ended } = await tried(['a'], (name) => Promise.resolve(name), { a: ARM64 }, { plan, root });
      expect(asked).toEqual([]);
      expect(ended).toMatchObject({
        error: {
          code: 'BUILDER_UNFIT',
          message:
            'No builder that is named for linux/amd64 builds for it: a builds for linux/arm64',
        },
      });
    }
  }); // prettier-ignore

  it('any is asked for a stage that runs nothing', async () => {
    const plan = planOf(['ADD https://example.com/x.git /x']);
    const made = await tried(['a'], (name) => Promise.resolve(name), { a: ARM64 }, { plan });
    expect(made).toEqual({ asked: ['a'], said: [], ended: { made: 'a' } });
  });

  it('who is away and who does not build for it are both named', async () => {
    const work = (name: string) => Promise.reject(gone(name));
    const { ended } = await tried(['a', 'b'], work, { b: ARM64 });
    expect(ended).toMatchObject({
      error: {
        message: 'No builder for linux/amd64 is there: Builder a is away; b builds for linux/arm64',
      },
    });
  });

  it('a single one that is gone says so itself', async () => {
    const { said, ended } = await tried(['a'], (name) => Promise.reject(gone(name)));
    expect(said).toEqual([]);
    expect(ended).toMatchObject({ error: { message: 'Builder a is away' } });
  });
});
