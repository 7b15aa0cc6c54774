import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keepRun, readRuns, runsFolder } from './history';
import { type FinishedRun, type FinishedTask, commandOf, imagesOf, recordOf } from './record';
import type { RunRecord } from './run';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'build-report-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Status = FinishedRun['taskResults'][string]['status'];

/** A run of `api:<target>` tasks, each a second after the one before it. */
function run(...tasks: [target: string, status: Status, terminalOutput?: string][]): FinishedRun {
  const taskResults = Object.fromEntries(
    tasks.map(([target, status, terminalOutput], at) => {
      const task = {
        id: `api:${target}`,
        target: { project: 'api', target },
        outputs: [`dist/api/docker/${target.replace('docker-', '')}`],
        overrides: {},
        parallelism: true,
        startTime: 1000 + at * 1000,
        endTime: 1500 + at * 1000,
      } as FinishedTask;
      return [task.id, { task, status, code: 0, ...(terminalOutput && { terminalOutput }) }];
    }),
  ) as FinishedRun['taskResults'];
  const argv = ['node', 'nx', 'run', 'api:docker-build'];
  return { id: '7', taskResults, argv, startTime: 1000, endTime: 9000 };
}

const record = (finished: FinishedRun) => recordOf(finished, () => []);

describe('a run', () => {
  test('without a task that makes an image is not kept', () => {
    expect(record(run(['build', 'success'], ['test', 'failure']))).toBeUndefined();
    expect(record(run(['docker-plan', 'success'], ['docker-report', 'success']))).toBeUndefined();
  });

  test('tells a hit from what was built, failed or never started, and when', () => {
    const kept = record(
      run(
        ['docker-base', 'remote-cache'],
        ['docker-deps', 'local-cache-kept-existing'],
        ['docker-runner', 'failure'],
        ['docker-build', 'skipped'],
      ),
    );
    expect(kept?.tasks.map(({ outcome }) => outcome)).toEqual([
      'remote-hit',
      'local-hit',
      'failed',
      'skipped',
    ]);
    expect(kept?.tasks[2]).toMatchObject({ startMs: 2000, durationMs: 500 });
    expect(kept).toMatchObject({ durationMs: 8000, at: '1970-01-01T00:00:01.000Z', omitted: 0 });
  });

  test('does not take what an earlier build left for the image of a failed one', () => {
    const image = { stage: 'a', platform: 'p', digest: 'd', sizeBytes: 1, ownSizeBytes: 1 };
    const kept = recordOf(run(['docker-a', 'success'], ['docker-b', 'failure']), () => [image]);
    expect(kept?.tasks.map(({ images }) => images?.length)).toEqual([1, undefined]);
  });

  test('of a thousand tasks keeps the docker tasks and the longest others', () => {
    const others = Array.from({ length: 1000 }, (_, at): [string, Status] => [`t${at}`, 'success']);
    const kept = record(run(...others, ['docker-build', 'success']));
    expect(kept?.tasks.at(-1)?.target).toBe('docker-build');
    expect([kept?.tasks.length, kept?.omitted]).toEqual([200, 801]);
  });
});

test('a secret on the command line is not kept', () => {
  const words = ['--token=abc', '--buildArgs.KEY=a=b\nc', '--password', 'abc', '-p', 'api'];
  expect(commandOf(['node', 'nx', 'run', 'api:docker-push', ...words])).toBe(
    'nx run api:docker-push --token=… --buildArgs.KEY=… --password … -p api',
  );
});

test('the image of a stage is read from its output, a damaged file passed over', () => {
  const image = { digest: 'sha256:1', sizeBytes: 5, ownSizeBytes: 2, platform: 'linux/amd64' };
  for (const [platform, text] of [
    ['linux-amd64', JSON.stringify(image)],
    ['linux-arm64', '{"digest":'],
  ] as const) {
    mkdirSync(join(folder, 'out/runner', platform), { recursive: true });
    writeFileSync(join(folder, 'out/runner', platform, 'image.json'), text);
  }
  expect(imagesOf(folder, { outputs: ['out/runner'] })).toEqual([{ stage: 'runner', ...image }]);
});

describe('kept runs', () => {
  const of = (minute: number): RunRecord => ({
    format: 1,
    id: String(minute),
    at: new Date(minute * 60_000).toISOString(),
    durationMs: 1,
    command: 'nx',
    tasks: [],
    omitted: 0,
  });

  test('come back in order, the oldest let go, and what is no run passed over', () => {
    for (let minute = 0; minute < 35; minute += 1) keepRun(folder, of(minute));
    writeFileSync(join(folder, '0-torn.json'), '{"format":1,"ta');
    const ids = readRuns(folder).map(({ id }) => Number(id));
    expect(ids).toEqual(Array.from({ length: 30 }, (_, at) => at + 5));
    expect(readdirSync(folder).every((name) => name.endsWith('.json'))).toBe(true);
  });

  test('lie in the data folder that Nx is given', () => {
    expect(runsFolder('/w', {})).toBe('/w/.nx/workspace-data/docker-runs');
    expect(runsFolder('/w', { NX_WORKSPACE_DATA_DIRECTORY: '/d' })).toBe('/d/docker-runs');
  });
});
