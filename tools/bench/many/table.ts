import { lowestMs, planShards, play, type ShardPlan, type ShardTask } from '@excel2doc/stages';
import { drawImages, otherwise } from './draw';

export const IMAGES = [50, 100, 200, 500, 1000];
export const RUNNERS = [1, 2, 4, 8, 16, 32, 64];
export const SEEDS = [1, 2, 3];
export const GOAL = 1.15;

/** What the runners' own work takes, which no lower bound knows of. */
const OVERHEADS = {
  /** From a task's end to its being there for another runner. */
  handOverMs: 5000,
  /** Nx, for each step of a shard. */
  stepMs: 2000,
};

/** The most over all seeds, as ratios to what no plan can beat. */
export interface Row {
  images: number;
  runners: number;
  /** Where tasks take what was thought. */
  thought: number;
  /** Where each takes from 0.6 to 1.6 times of that; the bound is of what they took. */
  otherwise: number;
  /** Runners that are given something. */
  used: number;
  /** Tasks that are handed from one runner to another. */
  handedOn: number;
}

export function rowOf(images: number, runners: number, seeds: readonly number[] = SEEDS): Row {
  const runs = seeds.map((seed) => {
    const tasks = drawImages(images, seed);
    const plan = planShards(tasks, { shards: runners, ...OVERHEADS });
    const day = otherwise(tasks, seed + 1000);
    return {
      thought: replay(plan, tasks) / lowestMs(tasks, runners),
      otherwise: replay(plan, day) / lowestMs(day, runners),
      used: plan.shards.length,
      handedOn: plan.shards.flatMap(({ steps }) => steps.flatMap(({ handsOn }) => handsOn)).length,
    };
  });
  const most = (what: keyof (typeof runs)[0]) => Math.max(...runs.map((run) => run[what]));
  const rounded = (ratio: number) => Math.round(ratio * 1000) / 1000;
  return {
    images,
    runners,
    thought: rounded(most('thought')),
    otherwise: rounded(most('otherwise')),
    used: most('used'),
    handedOn: most('handedOn'),
  };
}

const replay = ({ shards }: ShardPlan, tasks: readonly ShardTask[]) =>
  Math.max(
    0,
    ...play(
      shards.map(({ steps }) => steps),
      tasks,
      OVERHEADS,
    ),
  );

/** The page; nothing on it depends on the machine that makes it. */
export function page(rows: readonly Row[]): string {
  const missed = rows.filter(({ thought }) => thought > GOAL);
  const worst = Math.max(...rows.map(({ thought }) => thought));
  const worstOtherwise = Math.max(...rows.map((row) => row.otherwise));
  return [
    '# Many images on many runners, simulated',
    '',
    `Made by \`npx nx run bench:many\`: the plans are those that \`excel2doc-shards plan\` makes, of images and times that are drawn (tools/bench/many/draw.ts: a base, kinds on it, services with four tasks each, seeds ${SEEDS.join(', ')}), not recorded. The plan is replayed step by step, a task at a time on a runner, with ${OVERHEADS.stepMs / 1000} s for each start of Nx and ${OVERHEADS.handOverMs / 1000} s from a stage's end to its being there for another runner. What no plan can beat is the longer of the longest chain and all work over all runners, without these. Each figure is the worst of the seeds, as a ratio to that. It is the same on any machine; the starts of the runners themselves are left out.`,
    '',
    '| images | runners | times as thought | each 0.6 to 1.6 times as long | runners used | stages handed on |',
    '| --: | --: | --: | --: | --: | --: |',
    ...rows.map(
      (row) =>
        `| ${[row.images, row.runners, row.thought.toFixed(2), row.otherwise.toFixed(2), row.used, row.handedOn].join(' | ')} |`,
    ),
    '',
    `Goal, with times as thought: at most ${GOAL}. ${missed.length === 0 ? 'Met' : `Missed in ${missed.length} of ${rows.length} rows`}; the worst is ${worst.toFixed(2)}. Where times turn out otherwise, the worst is ${worstOtherwise.toFixed(2)}: a plan is not changed while it runs.`,
    '',
  ].join('\n');
}
