// Takes 60 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkOwnBlobs, hasCode, readImageRecord } from '@excel2doc/oci';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { StepName } from '../testing/run-step';
import { StagedWorkspace } from '../testing/staged';

/** `nx run stages:fault` runs 200. */
const rounds = Number(process.env['ROUNDS'] ?? 3);

/** Where in a step it is cut off, by TEST_SEED, which the run prints. */
const moments = fc.sample(fc.noBias(fc.double({ min: 0, max: 1, noNaN: true })), rounds);

let workspace: StagedWorkspace;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.build();
});

afterAll(() => workspace.remove());

/** The step as a process of its own, which has begun. */
async function start(name: StepName, stage: string) {
  const script = join(__dirname, '../testing/run-step.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, JSON.stringify(workspace.step(name, { stage }))],
    {
      cwd: __dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await once(child.stdout, 'data');
  child.stdout.resume();
  return child;
}

/** What is killed: BuildKit's export, the assembly, the load. Each has something new to do. */
const victims: {
  name: 'export' | 'assembly' | 'load';
  change: (round: number) => Promise<unknown>;
  step: StepName;
  stage: string;
}[] = [
  {
    name: 'export',
    change: (round) => workspace.dockerfile(`echo ${round} > /etc/installed`),
    step: 'stage',
    stage: 'deps',
  },
  {
    name: 'assembly',
    change: (round) => workspace.write('app/main.sh', `echo ${round}; cat /etc/installed`),
    step: 'stage',
    stage: 'runner',
  },
  { name: 'load', change: () => workspace.removeImages(), step: 'load', stage: 'runner' },
];

/** An output folder is whole, or it says that it is not. */
async function expectWholeOrNone(stage: string): Promise<void> {
  try {
    await checkOwnBlobs(await readImageRecord(workspace.folder(stage)));
  } catch (error) {
    if (!hasCode(error, 'LAYOUT_INCOMPLETE')) throw error;
  }
}

/** Runs what the engine has under the project's tag. */
const output = () => workspace.output();

test('kill -9 at any moment leaves nothing wrong that a later run accepts', async () => {
  /** How long each takes when nobody kills it. */
  const takesMs = new Map<string, number>();
  let script = 'one\n';
  let installed = '';
  for (let round = 0; round < rounds + victims.length; round++) {
    const { name, change, step, stage } = victims[round % victims.length]!;
    await change(round);
    if (name === 'export') installed = `${round}\n`;
    if (name === 'assembly') script = `${round}\n`;
    await workspace.plan();
    const begun = performance.now();
    const child = await start(step, stage);
    const limitMs = takesMs.get(name);
    if (limitMs !== undefined) {
      await sleep((moments[round] ?? 0) * limitMs);
      child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    if (limitMs === undefined) takesMs.set(name, performance.now() - begun);
    for (const each of ['deps', 'runner']) await expectWholeOrNone(each);
    if (name === 'load' && (await workspace.loaded())) {
      expect(await output()).toBe(script + installed);
    }
    // What a developer does next.
    for (const each of ['builder', 'deps', 'runner']) {
      const said = await workspace.stage(each);
      expect(said.success, said.text).toBe(true);
    }
    const said = await workspace.load();
    expect(said.success, said.text).toBe(true);
    const { digest, configDigest } = await workspace.record('runner');
    const id = workspace.engine.store === 'containerd' ? digest : configDigest;
    expect(await workspace.loaded()).toBe(id);
    if (round >= victims.length - 1) expect(await output()).toBe(script + installed);
  }
}, 3600_000);

test('two builds of one project at once both end well, with one result', async () => {
  await workspace.write('app/main.sh', 'echo both');
  await workspace.dockerfile('echo both > /etc/installed');
  await workspace.plan();
  await workspace.removeImages();
  const both = async (step: StepName, stage: string) => {
    const children = await Promise.all([start(step, stage), start(step, stage)]);
    const codes = children.map(async (child) => child.exitCode ?? (await once(child, 'exit'))[0]);
    expect(await Promise.all(codes)).toEqual([0, 0]);
  };
  await both('stage', 'deps');
  await both('stage', 'runner');
  await both('load', 'runner');
  await checkOwnBlobs(await readImageRecord(workspace.folder('runner')));
  expect(await output()).toBe('both\n');
});

test('another machine, path, umask and a wrong clock give the same digests', async () => {
  const digests = async (each: StagedWorkspace) =>
    Promise.all(
      ['builder', 'deps', 'runner'].map(async (name) => (await each.record(name)).digest),
    );
  await workspace.write('app/main.sh', 'echo same');
  await workspace.dockerfile('echo same > /etc/installed');
  await workspace.build();
  const other = await StagedWorkspace.make({ base: workspace.baseFolder });
  const umask = process.umask(0o077);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2099, 1, 1) });
  onTestFinished(async () => {
    process.umask(umask);
    vi.useRealTimers();
    await other.remove();
  });
  await other.write('app/main.sh', 'echo same');
  await other.dockerfile('echo same > /etc/installed');
  await other.build();
  expect(await digests(other)).toEqual(await digests(workspace));
});
