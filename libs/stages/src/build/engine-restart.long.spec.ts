// Takes 60 s.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { locateEngine } from '@excel2doc/engine';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type OwnDaemon, startOwnDaemon } from '../testing/own-daemon';
import { StagedWorkspace } from '../testing/staged';

const ROUNDS = 4;

/** Where in a step it is cut off, by TEST_SEED, which the run prints. */
const moments = fc.sample(fc.noBias(fc.double({ min: 0, max: 1, noNaN: true })), ROUNDS);

let own: OwnDaemon | null = null;

beforeAll(async () => {
  own = await startOwnDaemon(await locateEngine());
  for (const [name, value] of Object.entries(own?.env ?? {})) vi.stubEnv(name, value);
});

afterAll(async () => {
  await own?.stop();
  vi.unstubAllEnvs();
});

test(
  'an engine that restarts during a load has the image whole, or not at all',
  { timeout: 900_000 },
  async ({ skip }) => {
    if (!own) return skip('the engine here is not the private one');
    const workspace = await StagedWorkspace.make();
    // Large, so that the load takes a while.
    const ballast = randomBytes(40 << 20).toString('hex');
    await workspace.write('app/main.sh', `cat /etc/installed\nexit\n#${ballast}`);
    await workspace.build();
    const output = () => workspace.output();
    const { digest } = await workspace.record('runner');
    let takesMs = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      await workspace.removeImages();
      const script = join(__dirname, '../testing/run-step.ts');
      const args = [script, JSON.stringify(workspace.step('load', { stage: 'runner' }))];
      const child = spawn(process.execPath, ['--import', 'tsx', ...args], { cwd: __dirname });
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (text: Buffer) => (said += text.toString()));
      await once(child.stdout, 'data');
      const begun = performance.now();
      if (round > 0) {
        await sleep((moments[round - 1] ?? 0) * takesMs);
        await own.restart();
      }
      if (child.exitCode === null) await once(child, 'exit');
      if (round === 0) takesMs = performance.now() - begun;
      if (child.exitCode !== 0) expect(said).toMatch(/^✗ \S.*\. \S.*\.$/m);
      if (round === 0) expect(child.exitCode, said).toBe(0);
      if (await workspace.loaded()) expect(await output()).toBe('installed\n');
      // What a developer does next.
      const again = await workspace.load();
      expect(again.success, again.text).toBe(true);
      expect(await workspace.loaded()).toBe(digest);
      expect(await output()).toBe('installed\n');
    }
    await workspace.remove();
  },
);
