// Takes 45 s.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { nodeWithZstd } from '@excel2doc/oci/testing/newer-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type OwnDaemon, startOwnDaemon } from '../testing/own-daemon';
import type { Step, StepName } from '../testing/run-step';
import { StagedWorkspace } from '../testing/staged';

let own: OwnDaemon | null = null;

beforeAll(async () => {
  own = await startOwnDaemon(await locateEngine(), 'classic');
});

afterAll(async () => {
  await own?.stop();
  vi.unstubAllEnvs();
});

test.for(['gzip', 'zstd'] as const)(
  'builds, loads thin and runs with the classic image store, %s',
  { timeout: 600_000 },
  async (compression, { skip }) => {
    if (!own) return skip('the engine here is not the private one');
    const node = nodeWithZstd();
    for (const [name, value] of Object.entries(own.env)) vi.stubEnv(name, value);
    const workspace = await StagedWorkspace.make();
    expect(workspace.engine.store).toBe('classic');
    const run = (name: StepName, given: Partial<Step>) => {
      const script = join(__dirname, '../testing/run-step.ts');
      const step = JSON.stringify(workspace.step(name, given));
      const args = ['--import', 'tsx', script, step];
      return execFileSync(node, args, { cwd: __dirname, encoding: 'utf8' });
    };
    const build = () => {
      run('plan', { rest: { compression } });
      for (const stage of ['builder', 'deps', 'runner']) run('stage', { stage });
    };
    const load = () => run('load', { stage: 'runner' });
    const output = () => workspace.output();
    try {
      build();
      expect(load()).toContain('full load');
      expect(await output()).toBe('one\n');
      await workspace.write('app/main.sh', 'echo two; cat /etc/installed');
      build();
      expect(load()).toContain('thin load');
      expect(await output()).toBe('two\ninstalled\n');
      const { digest, configDigest, layers } = await workspace.record('runner');
      expect(await workspace.loaded()).toBe(configDigest);
      expect(layers.at(-1)!.mediaType).toContain(compression);
      // A layer in the middle: those above it lie on another one now, and go with it.
      await workspace.dockerfile('echo other > /etc/installed');
      build();
      expect(load()).toContain('thin load');
      expect(await output()).toBe('two\nother\n');
      await workspace.dockerfile('echo installed > /etc/installed');
      build();
      // The key does not say which engine it was: neither may the bytes.
      vi.unstubAllEnvs();
      await rm(join(workspace.root, 'dist'), { recursive: true });
      build();
      expect((await workspace.record('runner')).digest).toBe(digest);
    } finally {
      await workspace.remove();
    }
  },
);
