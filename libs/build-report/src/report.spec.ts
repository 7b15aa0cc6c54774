import { describe, expect, test } from 'vitest';
import { median, reportOf } from './report';
import { reportUrl, summaryMarkdown } from './summary';
import { shopRun, stagePlan } from './testing/runs';

const plans = [
  stagePlan('deps', {}),
  stagePlan('test', { stages: ['deps'] }),
  stagePlan('runner', { base: { kind: 'stage', stage: 'deps' }, stages: ['deps'] }),
];
const now = { stages: ['deps', 'test', 'runner'], stage: 'runner', plans };

describe('the report', () => {
  const runs = [
    shopRun(1, { deps: 'built', runner: 'built', build: 'built' }),
    shopRun(2, { deps: 'local-hit', runner: 'built', build: 'built' }),
  ];

  test('is of the last run that built this project', () => {
    const other = { ...shopRun(3, {}), tasks: [] };
    expect(reportOf([...runs, other], 'shop', now)?.run.id).toBe('2');
    expect(reportOf(runs, 'nobody', now)).toBeUndefined();
    expect(reportOf([], 'shop', now)).toBeUndefined();
    const audit = shopRun(4, { deps: 'local-hit', runner: 'local-hit' });
    expect(reportOf([...runs, audit], 'shop', now)?.run.id).toBe('2');
    const allHits = shopRun(5, { deps: 'local-hit', runner: 'local-hit', build: 'built' });
    expect(reportOf([...runs, audit, allHits], 'shop', now)?.run.id).toBe('5');
  });

  test('counts hits, and what they saved by the time of the last build', () => {
    const report = reportOf(runs, 'shop', now);
    expect(report?.totals).toMatchObject({ hits: 1, rebuilt: 1, failed: 0, savedMs: 7960 });
    expect(report?.stages[0]).toMatchObject({ target: 'docker-deps', usualMs: 8000 });
    expect(report?.history.map(({ hits }) => hits)).toEqual([0, 1]);
  });

  test('of another Dockerfile of the project takes the targets of its name', () => {
    const [run] = [shopRun(1, { 'runner-worker': 'built', 'build-worker': 'built' })];
    const worker = { stages: ['runner'], stage: 'runner', variant: 'worker', plans: [] };
    expect(reportOf([...runs, run], 'shop', worker)?.stages).toHaveLength(1);
    expect(reportOf([...runs, run], 'shop', worker)?.run.id).toBe('1');
    expect(reportOf([...runs, run], 'shop', now)?.run.id).toBe('2');
  });

  test('draws the stages of the run, and not those that were no part of it', () => {
    const report = reportOf(runs, 'shop', now);
    expect(report?.graph.map(({ name, state }) => [name, state])).toEqual([
      ['deps', 'hit'],
      ['runner', 'rebuild'],
    ]);
  });

  test('takes the size of the last stage, not of another that ended after it', () => {
    const run = shopRun(1, { runner: 'built', test: 'built' });
    const [runner, tests] = run.tasks;
    runner!.images![0]!.sizeBytes = 70;
    tests!.images![0]!.sizeBytes = 90;
    expect(reportOf([run], 'shop', now)?.totals.imageBytes).toBe(70);
    const without = shopRun(1, { deps: 'built' });
    expect(reportOf([without], 'shop', now)?.totals.imageBytes).toBeUndefined();
  });

  test('says of a failed stage that it failed', () => {
    const failed = shopRun(3, { deps: 'local-hit', runner: 'failed', build: 'skipped' });
    const report = reportOf([...runs, failed], 'shop', now);
    expect(report?.totals.failed).toBe(1);
    expect(report?.graph[1]?.state).toBe('failed');
    expect(report?.transfers[0]).toMatchObject({ what: 'Sent to the engine', bytes: undefined });
  });

  test('does not count a push that failed among the stages', () => {
    const unsent = shopRun(3, { deps: 'local-hit', runner: 'built', push: 'failed' });
    const report = reportOf([unsent], 'shop', now)!;
    expect(report.totals).toMatchObject({ hits: 1, rebuilt: 1, failed: 0, movesFailed: 1 });
    const text = summaryMarkdown(report, { text: 'r.html' });
    expect(text).toContain('1 of 2 stages from the cache, ');
    expect(text).toContain(', 1 load or push failed. Report');
  });

  test('compares with the last ten', () => {
    const many = Array.from({ length: 15 }, (_, minute) =>
      shopRun(minute, { deps: 'built', build: 'built' }),
    );
    const history = reportOf(many, 'shop', now)?.history;
    expect(history?.map(({ at }) => new Date(at).getUTCMinutes())).toEqual([
      4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    ]);
  });

  test('says what came from which cache', () => {
    const mixed = shopRun(3, { deps: 'remote-hit', test: 'local-hit', runner: 'built' });
    const { transfers = [] } = reportOf([{ ...mixed, remoteCache: true }], 'shop', now) ?? {};
    const bytes = Object.fromEntries(transfers.map((row) => [row.what, row.bytes]));
    expect(bytes).toMatchObject({
      'Taken from the remote cache': 1000,
      'Taken from the local cache': 1000,
      'Offered to the remote cache': 1000,
    });
  });
});

test('the median of an even number is one that was measured', () => {
  expect([median([]), median([3]), median([4, 1]), median([9, 1, 5])]).toEqual([
    undefined,
    3,
    1,
    5,
  ]);
});

test("the job's summary names states, draws the graph and links the report", () => {
  const report = reportOf([shopRun(1, { deps: 'local-hit', runner: 'built' })], 'shop', now)!;
  const text = summaryMarkdown(report, { text: 'dist/report.html', url: 'https://x.test/1' });
  expect(text).toContain('1 of 2 stages from the cache');
  expect(text).toContain('[Report](https://x.test/1): `dist/report.html`');
  expect(text).toContain('| `docker-runner` | ▲ built | 8.0 s | 1000 B |');
  expect(text).toMatch(/```mermaid\nflowchart LR[^`]+```\n/);
  expect(summaryMarkdown(report, { text: 'r.html' })).toContain('Report: `r.html`');
});

test("on GitHub the link is the run's page, unless one is given", () => {
  const env = {
    GITHUB_SERVER_URL: 'https://github.test',
    GITHUB_REPOSITORY: 'team/shop',
    GITHUB_RUN_ID: '42',
  };
  expect(reportUrl(undefined, env)).toBe('https://github.test/team/shop/actions/runs/42#artifacts');
  expect(reportUrl('https://x.test', env)).toBe('https://x.test');
  expect(reportUrl(undefined, {})).toBeUndefined();
});
