import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import {
  addTimes,
  estimatedMs,
  type KnownTimes,
  parseTimes,
  readRuns,
  runsFolder,
} from '@excel2doc/build-report';
import { planShards, type ShardSettings, StagesError } from '@excel2doc/stages';
import { durationText, replaceFileSync } from '@excel2doc/oci';
import { countText, type PlanFile } from './plan-file';
import { type GraphTask, readTaskGraph } from './task-graph';

export interface PlanOptions {
  root: string;
  /** What `nx affected --graph` wrote. */
  tasks: string;
  /** Where the plan is written. */
  out: string;
  /** What earlier runs took; need not be there. */
  times: string;
  settings: ShardSettings;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
}

/**
 * Writes which shard runs which tasks, and tells GitHub's next jobs how many there are: the output
 * `shards`, a list of numbers for `fromJSON`.
 *
 * @throws StagesError `OPTION_REFUSED`
 */
export function makePlan({ root, tasks: file, out, times, settings, env, say }: PlanOptions): void {
  const tasks = readTaskGraph(file);
  refuseEndless(tasks);
  const known = readRuns(runsFolder(root)).reduce(addTimes, readTimes(times, say));
  const costs = estimatedMs(known, tasks);
  const plan = planShards(
    tasks.map((task) => ({
      ...task,
      costMs: task.isContinuous ? 0 : costs.get(task.id)!,
      group: task.project,
    })),
    settings,
  );
  const written: PlanFile = {
    format: 1,
    id: randomUUID(),
    ...plan,
    tasks: Object.fromEntries(tasks.map(({ id, ...task }) => [id, task])),
  };
  replaceFileSync(out, `${JSON.stringify(written)}\n`);
  const numbers = plan.shards.map((_, at) => at + 1);
  if (env['GITHUB_OUTPUT'])
    appendFileSync(env['GITHUB_OUTPUT'], `shards=${JSON.stringify(numbers)}\n`);
  const timed = tasks.filter(({ id }) => known[id]?.ms !== undefined).length;
  say(
    tasks.length === 0
      ? `Nothing is affected: ${out} has no shard`
      : `${tasks.length} tasks on ${countText(plan)}: ${out}. Thought to take ${durationText(plan.endMs)}, at least ${durationText(plan.lowestMs)}; of ${timed} tasks an earlier time is known`,
  );
}

/** Nx ends what is continuous with what depends on it; nothing ends what is asked for alone. */
function refuseEndless(tasks: readonly GraphTask[]): void {
  const needed = new Set(tasks.flatMap(({ dependsOn }) => dependsOn));
  const endless = tasks.find(({ id, isContinuous }) => isContinuous && !needed.has(id));
  if (!endless) return;
  throw new StagesError('OPTION_REFUSED', {
    message: `${endless.id} is continuous and nothing depends on it: a shard that runs it would never end`,
    hint: `Leave ${endless.target} out of the targets: Nx starts it for what depends on it`,
  });
}

/** None where the file is not there; one that cannot be read is said, for it is only of use. */
export function readTimes(file: string, say: (line: string) => void): KnownTimes {
  if (!existsSync(file)) return {};
  const times = parseTimes(readFileSync(file, 'utf8'));
  if (!times) say(`${file} holds no times of tasks, and is passed over`);
  return times ?? {};
}

/** @throws StagesError `OPTION_REFUSED` for what is no number of shards */
export function shardsOption(text: string): ShardSettings['shards'] {
  if (text === 'auto') return text;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 200) return count;
  throw new StagesError('OPTION_REFUSED', {
    message: `--shards=${text} is no number of shards`,
    hint: 'Give one from 1 to 200, or auto',
  });
}
