import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TaskRecord } from '@excel2doc/build-report';
import { replaceFileSync } from '@excel2doc/oci';
import { checkPushed } from './check-pushed';
import { joinShards } from './join-shards';
import { makePlan } from './make-plan';
import { nxCalls } from './nx-calls';
import { type PlanFile, readPlanFile } from './plan-file';
import { readTaskGraph } from './task-graph';

let folder: string;
let said: string[];
const say = (line: string) => void said.push(line);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shards-spec-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => join(folder, name);

const STAGE = { executor: '@excel2doc/nx-stages:docker-stage', cache: true };
const LOAD = {
  executor: '@excel2doc/nx-stages:docker-image',
  cache: true,
  options: { image: 'i' },
};
const PLAN = { executor: '@excel2doc/nx-stages:docker-plan', cache: false };

/** What Nx writes of images that stand on `base`, as far as it is read. */
function graphOf(names: readonly string[]) {
  const targets = { 'docker-plan': PLAN, 'docker-out': STAGE, 'docker-build': LOAD };
  const tasks: Record<string, object> = {};
  const dependencies: Record<string, string[]> = {};
  for (const project of names)
    for (const target of Object.keys(targets)) {
      const id = `${project}:${target}`;
      tasks[id] = { id, target: { project, target }, outputs: [] };
      dependencies[id] = target === 'docker-plan' ? [] : [`${project}:docker-${target === 'docker-out' ? 'plan' : 'out'}`]; // prettier-ignore
      if (target === 'docker-out' && project !== 'base') dependencies[id].push('base:docker-out');
    }
  const nodes = Object.fromEntries(names.map((name) => [name, { data: { targets } }]));
  return { graph: { nodes }, tasks: { tasks, dependencies, roots: [] } };
}

function planned(names: readonly string[], shards: number | 'auto', env: NodeJS.ProcessEnv = {}): PlanFile {
  writeFileSync(at('tasks.json'), JSON.stringify(graphOf(names)));
  makePlan({ root: folder, tasks: at('tasks.json'), out: at('plan.json'), times: at('times.json'), settings: { shards }, env, say });
  return readPlanFile(at('plan.json'));
} // prettier-ignore

test('of Nx’s tasks a stage can be taken from the cache, an image in an engine and a plan cannot', () => {
  planned(['base'], 1);
  const shareable = readTaskGraph(at('tasks.json')).map(({ id, isShareable }) => [id, isShareable]);
  expect(Object.fromEntries(shareable)).toEqual({
    'base:docker-plan': false,
    'base:docker-out': true,
    'base:docker-build': false,
  });
});

test('GitHub’s matrix reads how many shards there are, none where nothing is affected', () => {
  const env = { GITHUB_OUTPUT: at('output') };
  planned(['base', 'a', 'b', 'c'], 2, env);
  planned([], 'auto', env);
  expect(readFileSync(at('output'), 'utf8')).toBe('shards=[1,2]\nshards=[]\n');
  expect(said[1]).toContain('Nothing is affected');
  joinShards({ plan: readPlanFile(at('plan.json')), records: at('none'), times: at('times.json'), say });
  expect(said[2]).toBe('Nothing was affected: there is nothing to join');
}); // prettier-ignore

test('a plan goes by the times of before, and passes over a file that holds none', () => {
  const names = ['base', ...Array.from({ length: 7 }, (_, n) => `p${n}`)];
  const times = Object.fromEntries(
    names.flatMap((name) => [
      [`${name}:docker-out`, { ms: name === 'p0' ? 700_000 : 100_000 }],
      [`${name}:docker-build`, { ms: 1 }],
      [`${name}:docker-plan`, { ms: 1 }],
    ]),
  );
  writeFileSync(at('times.json'), JSON.stringify(times));
  const { shards } = planned(names, 2);
  const of = (id: string) => shards.findIndex(({ steps }) => steps.some(({ tasks }) => tasks.includes(id))); // prettier-ignore
  for (const other of names.slice(2))
    expect(of(`${other}:docker-out`)).not.toBe(of('p0:docker-out'));
  writeFileSync(at('times.json'), 'not times');
  planned(names, 2);
  expect(said).toContain(`${at('times.json')} holds no times of tasks, and is passed over`);
});

test('Nx is asked for what nothing else of the step needs, once for the targets of the same projects', () => {
  const { tasks } = planned(['base', 'a', 'b'], 1);
  const all = Object.keys(tasks).filter((id) => !id.endsWith('plan'));
  expect(nxCalls(tasks, all)).toEqual([
    {
      args: ['run-many', '--targets=docker-build', '--projects=a,b,base', '--outputStyle=static'],
      tasks: ['base:docker-build', 'a:docker-build', 'b:docker-build'],
      with: ['base:docker-out', 'a:docker-out', 'b:docker-out'],
      text: 'docker-build of a, b, base',
    },
  ]);
  const tested = {
    ...tasks,
    'a:test': { ...tasks['a:docker-out']!, target: 'test', dependsOn: [] },
  };
  expect(nxCalls(tested, ['a:test', 'a:docker-build']).map(({ text }) => text)).toEqual([
    'test, docker-build of a',
  ]);
});

describe('what is continuous', () => {
  const WEB = {
    serve: { executor: 'nx:run-commands', continuous: true, cache: true },
    e2e: { executor: 'nx:run-commands' },
  };
  function graphOfWeb(names: readonly (keyof typeof WEB)[]) {
    const tasks = Object.fromEntries(
      names.map((target) => [
        `web:${target}`,
        { id: `web:${target}`, target: { project: 'web', target }, outputs: [], continuous: target === 'serve' },
      ]),
    ); // prettier-ignore
    const dependencies = Object.fromEntries(names.map((target) => [`web:${target}`, []]));
    const continuousDependencies = { 'web:e2e': ['web:serve'] };
    const nodes = { web: { data: { targets: WEB } } };
    writeFileSync(at('tasks.json'), JSON.stringify({ graph: { nodes }, tasks: { tasks, dependencies, continuousDependencies } })); // prettier-ignore
    makePlan({ root: folder, tasks: at('tasks.json'), out: at('plan.json'), times: at('times.json'), settings: { shards: 2 }, env: {}, say }); // prettier-ignore
    return readPlanFile(at('plan.json'));
  }

  test('runs beside what depends on it, and is never asked for by itself', () => {
    const { shards, tasks } = graphOfWeb(['serve', 'e2e']);
    expect(shards).toHaveLength(1);
    const [step] = shards[0]!.steps;
    expect(nxCalls(tasks, step!.tasks).map(({ args }) => args[1])).toEqual(['--targets=e2e']);
    expect(nxCalls(tasks, ['web:serve'])).toEqual([]);
  });

  test('is refused where nothing would end it', () => {
    expect(() => graphOfWeb(['serve'])).toThrow('web:serve is continuous and nothing depends on it: a shard that runs it would never end'); // prettier-ignore
  });
});

/** A graph in which a task has a configuration; its target's own is `own`. */
function configured(own: string | undefined): void {
  const graph = graphOf(['a']);
  const { target } = graph.tasks.tasks['a:docker-build'] as { target: object };
  Object.assign(target, { configuration: 'production' });
  const { data } = graph.graph.nodes['a']!;
  const load = { ...LOAD, ...(own !== undefined && { defaultConfiguration: own }) };
  data.targets = { ...data.targets, 'docker-build': load };
  writeFileSync(at('tasks.json'), JSON.stringify(graph));
}

test('a configuration that is not the target’s own is refused: no shard would run it', () => {
  configured('development');
  expect(() => readTaskGraph(at('tasks.json'))).toThrow('a:docker-build is planned with the configuration production'); // prettier-ignore
});

test('tasks have the configuration that Nx gives them by itself: none is passed on', () => {
  configured('production');
  const tasks = Object.fromEntries(readTaskGraph(at('tasks.json')).map((task) => [task.id, task]));
  const [call] = nxCalls(tasks, Object.keys(tasks));
  expect(call!.args.join(' ')).not.toContain('configuration');
});

test.each([
  '{"format":1,"id":"i","shards":[],"tasks":null}',
  '{"format":1,"id":"i","shards":[{}],"tasks":{}}',
  '{"format":1,"id":"i","shards":[null],"tasks":{}}',
  '{"format":1,"id":"i","shards":[{"steps":[{"tasks":[]}]}],"tasks":{}}',
  '{"format":1,"id":"i","shards":[],"tasks":{"a:b":null}}',
  'null',
])('%s is no plan', (text) => {
  writeFileSync(at('plan.json'), text);
  expect(() => readPlanFile(at('plan.json'))).toThrow('is no plan of shards of this version');
});

describe('what was pushed', () => {
  const image = { stage: 'runner', platform: 'linux/amd64', sizeBytes: 1, ownSizeBytes: 1 };
  const [one, other] = ['sha256:one', 'sha256:other'];
  /** @param digests that each shard had of it; undefined: it made none */
  function checked(digests: (string | undefined)[], pushed: string | undefined = one): string {
    const steps = { endMs: 1, steps: [] };
    const task = { dependsOn: [], isShareable: true, project: 'app', target: 'docker-runner', outputs: ['dist/apps/app/docker/runner'] }; // prettier-ignore
    const shards = digests.map(() => steps);
    const plan = { format: 1, id: 'p', shards, endMs: 1, lowestMs: 1, tasks: { 'app:docker-runner': task } } as PlanFile; // prettier-ignore
    for (const [index, digest] of digests.entries()) {
      const { project, target } = task;
      const images = digest === undefined ? [] : [{ ...image, digest }];
      const tasks = [{ id: 'app:docker-runner', project, target, outcome: 'built', startMs: 0, durationMs: 1, images }]; // prettier-ignore
      replaceFileSync(at(`shard-${index + 1}.json`), JSON.stringify({ format: 1, plan: 'p', shard: index + 1, tasks })); // prettier-ignore
    }
    // As docker-push writes it: what was pushed has labels that the output has not.
    const part = {
      platform: 'linux/amd64',
      made: pushed,
      descriptor: { digest: 'sha256:labelled' },
    };
    replaceFileSync(
      at('pushed/apps/app/runner.linux-amd64.json'),
      JSON.stringify({ format: 1, part }),
    );
    try {
      checkPushed({ plan, records: folder, pushed: at('pushed'), say });
      return said.at(-1)!;
    } catch (error) {
      return (error as Error).message;
    }
  }

  test('is what the shards made', () => {
    expect(checked([one])).toBe('All 1 that were pushed are what the shards made');
    expect(checked([one, undefined, one])).toBe('All 1 that were pushed are what the shards made');
  });

  test('is refused where it, or what any shard had, is another, or no shard made it', () => {
    const start =
      'runner of apps/app for linux/amd64 was pushed as sha256:labelled, made as sha256:one,';
    expect(checked([other])).toContain(`${start} and a shard has made sha256:other: not all tests`);
    expect(checked([one, other])).toContain(`${start} and a shard has made sha256:other`);
    expect(checked([undefined])).toContain(`${start} which no shard has made`);
  });

  test('is read only where it says what it is, and need not be there', () => {
    const plan = planned(['base'], 1);
    const options = { plan, records: folder, pushed: at('pushed'), say };
    checkPushed(options);
    expect(said.at(-1)).toContain('Nothing was pushed');
    replaceFileSync(at('pushed/app/runner.linux-amd64.json'), '{}');
    expect(() => checkPushed(options)).toThrow('does not say what was pushed');
  });
});

describe('the last job', () => {
  const done = (id: string, outcome: TaskRecord['outcome'] = 'built'): TaskRecord => {
    const [project = '', target = ''] = id.split(':');
    return { id, project, target, outcome, startMs: 0, durationMs: 5 };
  };
  /** Joins what shards left, each with its tasks; undefined: it left nothing. */
  function joined(plan: PlanFile, left: (TaskRecord[] | undefined)[]): string {
    for (const [index, tasks] of left.entries()) {
      if (!tasks) continue;
      const record = { format: 1, plan: plan.id, shard: index + 1, tasks };
      replaceFileSync(at(`shard-${index + 1}.json`), JSON.stringify(record));
    }
    try {
      joinShards({ plan, records: folder, times: at('times.json'), summary: at('s.md'), say });
      return 'through';
    } catch (error) {
      const { message, hint } = error as Error & { hint: string };
      return `${message}. ${hint}`;
    }
  }
  const tasksOf = (plan: PlanFile) =>
    plan.shards.map(({ steps }) => steps.flatMap(({ tasks }) => tasks));

  test('is green where all are through, keeps their times and says what each shard did', () => {
    const plan = planned(['base', 'a', 'b', 'c'], 2);
    expect(joined(plan, tasksOf(plan).map((ids) => ids.map((id) => done(id))))).toBe('through');
    expect(JSON.parse(readFileSync(at('times.json'), 'utf8'))['base:docker-out']).toEqual({ ms: 5 });
    expect(readFileSync(at('s.md'), 'utf8')).toContain('### 2 shards');
  }); // prettier-ignore

  test('names the shard that left nothing, and a record of another plan is none', () => {
    const plan = planned(['base', 'a', 'b', 'c'], 2);
    const [first = [], second = []] = tasksOf(plan).map((ids) => ids.map((id) => done(id)));
    expect(joined(plan, [first, undefined])).toMatch(/did not run. Shard 2 did not come to its end: run it again/); // prettier-ignore
    const again = planned(['base', 'a', 'b', 'c'], 2);
    expect(joined(again, [undefined, second])).toMatch(/Shard 1 did not come to its end/);
  });

  test('is red where Nx failed and calls all tasks good', () => {
    const plan = planned(['a'], 1);
    const tasks = tasksOf(plan)[0]!.map((id) => done(id));
    const record = { format: 1, plan: plan.id, shard: 1, tasks, failedRuns: ['docker-build of a'] };
    replaceFileSync(at('shard-1.json'), JSON.stringify(record));
    expect(joined(plan, [])).toMatch(/^Nx failed at docker-build of a, though it says/);
  });

  test('counts of each shard what its own record says, and what it says nothing of as not run', () => {
    const plan = planned(['a'], 1);
    const [[first = '', second = ''] = []] = tasksOf(plan);
    joined(plan, [[done(first)]]);
    joined(plan, [[done(first, 'remote-hit'), done(second, 'failed'), done('b:other')]]);
    joined(plan, [[done(first, 'skipped'), done(second, 'local-hit')]]);
    const rows = readFileSync(at('s.md'), 'utf8').match(/^\| 1 \|(?: \d+ \|){5}/gm);
    expect(rows).toEqual([
      '| 1 | 2 | 1 | 0 | 0 | 1 |',
      '| 1 | 2 | 0 | 1 | 1 | 0 |',
      '| 1 | 2 | 0 | 1 | 0 | 1 |',
    ]);
  });

  test('is red where a task failed, and names it', () => {
    const plan = planned(['base', 'a'], 1);
    const all = tasksOf(plan).map((ids) => ids.map((id) => done(id, id === 'a:docker-out' ? 'failed' : 'built'))); // prettier-ignore
    expect(joined(plan, all)).toMatch(/^a:docker-out failed. What they said stands in the logs/);
  });
});

test.each([
  [['plan'], '✗ plan needs --tasks'],
  [['plan', '--tasks=none.json'], '✗ none.json cannot be read. Write it with'],
  [['plan', '--tasks=package.json'], '✗ package.json holds no tasks of Nx. Write it with'],
  [['plan', '--tasks=x', '--shards=0'], '✗ --shards=0 is no number of shards'],
  [
    ['run', '--shard=1', '--plan=package.json'],
    '✗ package.json is no plan of shards of this version',
  ],
  [['run', '--shard=one'], '✗ --shard=one is no whole number'],
  [['join', '--plan=none.json'], '✗ none.json cannot be read as a plan of shards'],
  [['go'], '✗ go is no command'],
  [['join', '--nope'], "✗ Unknown option '--nope'"],
])('%j ends in one line', (args, line) => {
  const program = resolve(__dirname, '../../from-source/shards.cjs');
  writeFileSync(at('package.json'), '{}');
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8' }); // prettier-ignore
  expect(status).toBe(1);
  expect(stderr.startsWith(line), stderr).toBe(true);
  expect(stderr).not.toMatch(/^\s+at /m);
});
