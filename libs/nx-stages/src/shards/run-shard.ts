import { join } from 'node:path';
import { cacheDir } from 'nx/src/utils/cache-directory';
import { imagesOf, type TaskRecord, taskRecord } from '@excel2doc/build-report';
import { replaceFileSync } from '@excel2doc/oci';
import { remoteCache, runNx, type ShardStep, StagesError } from '@excel2doc/stages';
import { readRunFile, type RunFile, statusOf } from '../run/run-file';
import { HandOver } from './hand-over';
import { nxCalls, type NxCall } from './nx-calls';
import { type PlanFile, shardsOf } from './plan-file';

/** What a shard leaves for the job that joins: the content of `shard-N.json`. */
export interface ShardRecord {
  format: 1;
  plan: string;
  /** From 1 on. */
  shard: number;
  tasks: TaskRecord[];
  /** Runs of Nx that failed where it calls none of their tasks failed: `docker-build of api, web`. */
  failedRuns?: string[];
}

export interface ShardRun {
  root: string;
  plan: PlanFile;
  /** From 1 on. */
  shard: number;
  /** Where the record is written. */
  records: string;
  patienceMs: number;
  say: (line: string) => void;
  askEveryMs?: number;
}

/**
 * Runs what the plan gives one machine, step by step: waits for what others make, has Nx run the tasks,
 * and tells the others what is through. A task that failed is no end: what does not depend on it is run.
 *
 * @throws StagesError `COMMAND_FAILED`, once all is tried, where a task failed
 */
export async function runShard(run: ShardRun): Promise<void> {
  const { plan, shard, say } = run;
  const own = plan.shards[shard - 1];
  const name = `Shard ${shard} of ${plan.shards.length}`;
  if (!own) {
    say(`Shard ${shard}: nothing to do, the plan has ${plan.shards.length}`);
    return;
  }
  const isAlone = own.steps.every(
    ({ waitsFor, handsOn }) => waitsFor.length + handsOn.length === 0,
  );
  const handOver = isAlone ? undefined : await openHandOver(run);
  const done = new Map<string, TaskRecord>();
  const failedRuns: string[] = [];
  const startTime = Date.now();
  const record = () => writeRecord(run, [...done.values()], failedRuns);
  try {
    for (const [at, step] of own.steps.entries()) {
      await waitFor(run, handOver, step);
      const { tasks, skipped } = withoutFailed(plan, step.tasks, done);
      for (const id of skipped) done.set(id, skippedRecord(plan, id, startTime));
      for (const call of nxCalls(plan.tasks, tasks)) {
        say(`${name}, step ${at + 1} of ${own.steps.length}: ${call.text}`);
        if (await nxRun(run, call, { done, startTime })) failedRuns.push(call.text);
      }
      record();
      for (const id of step.handsOn) await tell(handOver, id, done.get(id));
    }
  } finally {
    record();
    await handOver?.close();
  }
  const failed = [...done.values()].filter(({ outcome }) => outcome === 'failed');
  const skipped = [...done.values()].filter(({ outcome }) => outcome === 'skipped');
  if (failed.length + skipped.length + failedRuns.length > 0)
    throw failedOf(name, failed, skipped, failedRuns);
  say(`${name}: all ${own.steps.flatMap(({ tasks }) => tasks).length} tasks are through`);
}

async function openHandOver(run: ShardRun): Promise<HandOver | undefined> {
  const { plan, shard, patienceMs, say, askEveryMs } = run;
  const alone = (why: string) =>
    say(`${why}: nothing is waited for, what others make is made here`);
  const cache = remoteCache();
  if (!cache) {
    alone('No remote cache is set (NX_SELF_HOSTED_REMOTE_CACHE_SERVER)');
    return undefined;
  }
  const more = { ...(askEveryMs !== undefined && { askEveryMs }) };
  try {
    const handOver = await HandOver.open({ cache, plan: plan.id, shard, patienceMs, ...more });
    if (handOver) return handOver;
    alone('What this shard leaves in the remote cache cannot be read back from it');
  } catch (error) {
    if ((error as { code?: string }).code !== 'REMOTE_CACHE') throw error;
    alone((error as Error).message.replace(/^t/, 'T'));
  }
  await cache.close();
  return undefined;
}

/** Says how each wait came out; none of them is an error. */
async function waitFor(run: ShardRun, handOver: HandOver | undefined, step: ShardStep) {
  if (!handOver) return;
  const makers = shardsOf(run.plan);
  for (const id of step.waitsFor) {
    const maker = makers.get(id) ?? 0;
    run.say(`Waits for ${id}, which shard ${maker} makes`);
    const how = await handOver.awaitTask(id, maker);
    const seconds = Math.round(run.patienceMs / 1000);
    if (how === 'made') run.say(`Shard ${maker} has made ${id}`);
    if (how === 'failed') run.say(`Shard ${maker} could not make ${id}: it is tried here`);
    if (how === 'unstored') run.say(`Shard ${maker} has made ${id} and does not see it in the remote cache: what this shard needs of it is made here`); // prettier-ignore
    if (how === 'late') run.say(`Shard ${maker} has not made ${id}, and this shard has waited as long as it may: what it needs of it is made here`); // prettier-ignore
    if (how === 'silent') run.say(`Shard ${maker} has given no sign for ${seconds} s: what this shard needs of ${id} is made here`); // prettier-ignore
    if (how === 'away')
      run.say(`The remote cache fails: what this shard needs of ${id} is made here`);
  }
}

/**
 * Runs Nx once, and sees how each of its tasks ended.
 *
 * @returns whether it failed and calls no task failed or left out
 */
async function nxRun(
  { root, plan }: ShardRun,
  call: NxCall,
  { done, startTime }: { done: Map<string, TaskRecord>; startTime: number },
): Promise<boolean> {
  const calledAt = Date.now();
  const isFailed = await runNx(root, call.args);
  const file = runFileSince(calledAt);
  for (const finished of file?.tasks ?? []) {
    const { taskId: id, hash } = finished;
    const task = plan.tasks[id];
    // How it ends is no matter: Nx ends it.
    if (!task || task.isContinuous) continue;
    const { project, target, outputs } = task;
    const times = {
      startTime: Date.parse(finished.startTime),
      endTime: Date.parse(finished.endTime),
    };
    const told = {
      id,
      target: { project, target },
      outputs,
      ...times,
      ...(hash !== undefined && { hash }),
    };
    const status = statusOf(finished);
    const known = done.get(id);
    const record = taskRecord({ task: told, status }, startTime, (each) => imagesOf(root, each));
    // Found again, of an earlier step: that it was built here is what there is to say.
    if (!known || known.outcome === 'skipped' || record.outcome === 'failed') done.set(id, record);
  }
  // Nx leaves out what it skipped, and says nothing of single tasks where it could not begin. What it
  // says nothing of has not run, whatever its exit status.
  const unsaid = isFailed && !file ? 'failed' : 'skipped';
  for (const id of [...call.tasks, ...call.with]) {
    const outcome = plan.tasks[id]?.isContinuous && !isFailed ? 'built' : unsaid;
    if (!done.has(id)) done.set(id, { ...skippedRecord(plan, id, startTime), outcome });
  }
  const isGood = (id: string) => !['failed', 'skipped'].includes(done.get(id)!.outcome);
  return isFailed && [...call.tasks, ...call.with].every(isGood);
}

/** What Nx wrote of a run that began then; undefined where it wrote nothing. */
function runFileSince(startTime: number): RunFile | undefined {
  try {
    const file = readRunFile(cacheDir);
    return Date.parse(file.run.endTime) >= startTime ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Those of `tasks` that stand on nothing that failed here. */
function withoutFailed(
  { tasks: all }: PlanFile,
  tasks: readonly string[],
  done: ReadonlyMap<string, TaskRecord>,
): { tasks: string[]; skipped: string[] } {
  const known = new Map<string, boolean>();
  const isUnmade = (id: string): boolean => {
    const outcome = done.get(id)?.outcome;
    if (outcome !== undefined) return outcome === 'failed' || outcome === 'skipped';
    const before = known.get(id);
    if (before !== undefined) return before;
    const isIt = (all[id]?.dependsOn ?? []).some(isUnmade);
    known.set(id, isIt);
    return isIt;
  };
  return {
    tasks: tasks.filter((id) => !isUnmade(id)),
    skipped: tasks.filter(isUnmade),
  };
}

async function tell(handOver: HandOver | undefined, id: string, record: TaskRecord | undefined) {
  if (!handOver || !record) return;
  if (record.outcome === 'failed' || record.outcome === 'skipped') await handOver.tellFailed(id);
  else await handOver.tellMade(id, record.hash);
}

function skippedRecord({ tasks }: PlanFile, id: string, startTime: number): TaskRecord {
  const { project = '', target = '' } = tasks[id] ?? {};
  const startMs = Date.now() - startTime;
  return { id, project, target, outcome: 'skipped', startMs, durationMs: 0 };
}

function writeRecord(
  { plan, shard, records }: ShardRun,
  tasks: TaskRecord[],
  failedRuns: string[],
): void {
  const more = { ...(failedRuns.length > 0 && { failedRuns }) };
  const record: ShardRecord = { format: 1, plan: plan.id, shard, tasks, ...more };
  replaceFileSync(join(records, `shard-${shard}.json`), `${JSON.stringify(record)}\n`);
}

function failedOf(
  name: string,
  failed: readonly TaskRecord[],
  skipped: readonly TaskRecord[],
  failedRuns: readonly string[],
) {
  const words = [
    failed.length > 0 && `${named(failed)} failed`,
    skipped.length > 0 && `${named(skipped)} did not run`,
    ...failedRuns.map(failedRunText),
  ].filter(Boolean);
  return new StagesError('COMMAND_FAILED', {
    message: `${name}: ${words.join(', and ')}`,
    hint: 'What they said stands above',
  });
}

export const failedRunText = (text: string) =>
  `Nx failed at ${text}, though it says that no task of them did`;

/** Some of them by name. */
export function named(tasks: readonly Pick<TaskRecord, 'id'>[]): string {
  const some = tasks.slice(0, 5).map(({ id }) => id);
  const rest = tasks.length - some.length;
  return `${some.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
