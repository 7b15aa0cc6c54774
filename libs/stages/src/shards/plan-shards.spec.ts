import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planShards, type ShardPlan, type ShardSettings } from './plan-shards';
import { lowestMs, placedTasks, type ShardTask } from './shard-task';

const task = (id: string, costMs: number, dependsOn: string[] = []): ShardTask => ({
  id,
  costMs,
  dependsOn,
  isShareable: true,
  group: id,
});

/** Tasks that depend on earlier ones alone; some cannot be taken from a cache. */
const graphs = fc
  .array(
    fc.record({
      costMs: fc.integer({ min: 0, max: 100_000 }),
      below: fc.array(fc.nat(), { maxLength: 3 }),
      isShareable: fc.boolean(),
      group: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    }),
    { maxLength: 40 },
  )
  .map((drawn) =>
    drawn.map(({ costMs, below, isShareable, group }, at): ShardTask => {
      const dependsOn = at === 0 ? [] : [...new Set(below.map((each) => `t${each % at}`))];
      return { id: `t${at}`, costMs, dependsOn, isShareable, group };
    }),
  );
const settings: fc.Arbitrary<ShardSettings> = fc.record({
  shards: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant('auto' as const)),
  handOverMs: fc.integer({ min: 1, max: 20_000 }),
});

/** The steps in an order in which machines can do them that look at nothing but `waitsFor`. */
function played({ shards }: ShardPlan): string[] {
  const left = shards.map(({ steps }) => [...steps]);
  const handedOn = new Set<string>();
  const done: string[] = [];
  for (;;) {
    const free = left.find(([next]) => next?.waitsFor.every((id) => handedOn.has(id)));
    if (!free) break;
    const { tasks, handsOn } = free.shift()!;
    done.push(...tasks);
    for (const id of handsOn) handedOn.add(id);
  }
  expect(left.flat(), 'steps that wait for each other').toEqual([]);
  return done;
}

describe('any graph on any number of machines', () => {
  test('each task is on one machine, once, and none waits for what waits for it', () => {
    fc.assert(
      fc.property(graphs, settings, (tasks, how) => {
        const placed = placedTasks(tasks);
        const plan = planShards(tasks, how);
        const order = played(plan);
        expect([...order].sort()).toEqual(placed.map(({ id }) => id).sort());
        if (how.shards !== 'auto') expect(plan.shards.length).toBeLessThanOrEqual(how.shards);
        for (const { steps } of plan.shards) expect(steps).not.toEqual([]);
      }),
    );
  });

  test('what a task stands on is before it on its machine, or waited for', () => {
    fc.assert(
      fc.property(graphs, settings, (tasks, how) => {
        const below = new Map(placedTasks(tasks).map(({ id, dependsOn }) => [id, dependsOn]));
        for (const { steps } of planShards(tasks, how).shards) {
          const there = new Set<string>();
          for (const step of steps) {
            for (const id of step.waitsFor) there.add(id);
            for (const id of step.tasks) {
              for (const each of below.get(id)!) expect(there).toContain(each);
              there.add(id);
            }
          }
        }
      }),
    );
  });

  test('it is through no earlier than any can be, and on one machine no later than all its work', () => {
    fc.assert(
      fc.property(graphs, settings, (tasks, how) => {
        const plan = planShards(tasks, how);
        expect(plan.endMs).toBeGreaterThanOrEqual(plan.lowestMs - 1e-6);
        const placed = placedTasks(tasks);
        const alone = planShards(tasks, { ...how, shards: 1 });
        expect(alone.endMs).toBeCloseTo(placed.length > 0 ? lowestMs(placed, 1) + 2000 : 0);
      }),
    );
  });
});

test('what cannot be taken from a cache runs with each that needs it, and brings what it stands on', () => {
  const plan = { ...task('plan', 5, ['deps']), isShareable: false };
  const load = { ...task('load', 7, ['a']), isShareable: false };
  expect(placedTasks([task('deps', 1), plan, task('a', 10, ['plan']), task('b', 20, ['plan']), load])).toEqual([
    task('deps', 1),
    task('a', 15, ['deps']),
    task('b', 25, ['deps']),
    load,
  ]); // prettier-ignore
});

test('images of their own are spread evenly; what stands on one stage is handed on once', () => {
  const own = Array.from({ length: 8 }, (_, at) => task(`own${at}`, 60_000));
  const spread = planShards(own, { shards: 4 });
  expect(spread.shards.map(({ steps }) => steps.flatMap(({ tasks }) => tasks).length)).toEqual([2, 2, 2, 2]); // prettier-ignore
  expect(spread.endMs).toBe(spread.lowestMs + 2000);
  const on = [task('base', 60_000), ...own.map((each) => ({ ...each, dependsOn: ['base'] }))];
  const { shards } = planShards(on, { shards: 4, handOverMs: 1000 });
  const steps = shards.flatMap((shard) => shard.steps);
  expect(steps.filter(({ tasks }) => tasks.includes('base'))).toHaveLength(1);
  expect(steps.filter(({ waitsFor }) => waitsFor.includes('base'))).toHaveLength(3);
  expect(steps.flatMap(({ handsOn }) => handsOn)).toEqual(['base']);
});

test('the times are those of its steps: each start, each wait, each way from one machine to another', () => {
  const on = ['a', 'b'].map((id) => task(id, 60_000, ['base']));
  const settings = { handOverMs: 5000, stepMs: 2000 };
  const tasks = [task('base', 60_000), ...on];
  expect(planShards(tasks, { ...settings, shards: 1 }).endMs).toBe(2000 + 3 * 60_000);
  expect(planShards(tasks, { ...settings, shards: 2 }).endMs).toBe(2 * 2000 + 5000 + 2 * 60_000);
});

test('what belongs together stays together where nothing is through later for it', () => {
  const base = task('base:out', 30_000);
  const services = Array.from({ length: 24 }, (_, at) =>
    ['deps', 'out', 'test'].map((name, step) => ({
      ...task(`p${at}:${name}`, 10_000 + 3000 * ((at + step) % 7), [
        step ? `p${at}:deps` : base.id,
      ]),
      group: `p${at}`,
    })),
  ).flat();
  const plan = planShards([base, ...services], { shards: 3 });
  const handedOn = plan.shards.flatMap(({ steps }) => steps.flatMap(({ handsOn }) => handsOn));
  expect(handedOn).toEqual(['base:out']);
  expect(plan.endMs).toBeLessThan(1.1 * plan.lowestMs);
});

test('a chain stays on one machine', () => {
  const chain = ['a', 'b', 'c'].map((id, at, all) => task(id, 1000, at ? [all[at - 1]!] : []));
  const { shards } = planShards(chain, { shards: 3, handOverMs: 1 });
  expect(shards).toEqual([
    { endMs: 5000, steps: [{ waitsFor: [], tasks: ['a', 'b', 'c'], handsOn: [] }] },
  ]);
});

describe('auto', () => {
  const minutes = (count: number) =>
    Array.from({ length: count }, (_, at) => task(`t${at}`, 60_000));
  test.each([
    ['nothing is no machine', [], 0],
    ['what takes seconds is one', [task('a', 5000), task('b', 5000)], 1],
    ['eight minutes of eight are eight', minutes(8), 8],
    ['more than the most are the most', minutes(80), 16],
    ['beside one long image, as many as are through when it is', [task('long', 240_000), ...minutes(8)], 3],
  ])('%s', (_what, tasks, count) => {
    expect(planShards(tasks, { shards: 'auto' }).shards).toHaveLength(count);
  }); // prettier-ignore
});

test('a circle is said', () => {
  const circle = [task('a', 1, ['b']), task('b', 1, ['a'])];
  expect(() => planShards(circle, { shards: 2 })).toThrow('in a circle');
});
