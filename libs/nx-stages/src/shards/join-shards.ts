import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addTimes, type TaskRecord } from '@excel2doc/build-report';
import { replaceFileSync } from '@excel2doc/oci';
import { StagesError } from '@excel2doc/stages';
import { readTimes } from './make-plan';

import { countText, type PlanFile, shardsOf } from './plan-file';
import { failedRunText, named, type ShardRecord } from './run-shard';
import { shardsMarkdown } from './summary';

export interface JoinOptions {
  plan: PlanFile;
  /** Where the shards' records are. */
  records: string;
  /** What tasks took is added to it, for the next plan. */
  times: string;
  /** A file that a summary in Markdown is appended to. */
  summary?: string | undefined;
  say: (line: string) => void;
}

/**
 * Brings together what all shards did.
 *
 * @throws StagesError `COMMAND_FAILED` where a task failed, or a shard did not come to its end
 */
export function joinShards({ plan, records, times, summary, say }: JoinOptions): void {
  if (plan.shards.length === 0) {
    say('Nothing was affected: there is nothing to join');
    return;
  }
  const found = readRecords(plan, records);
  const known = found.reduce(addTimes, readTimes(times, say));
  replaceFileSync(times, `${JSON.stringify(known)}\n`);
  const makers = shardsOf(plan);
  const done = new Map<string, TaskRecord>();
  for (const { shard, tasks } of found)
    for (const task of tasks) if (makers.get(task.id) === shard) done.set(task.id, task);
  if (summary) appendFileSync(summary, shardsMarkdown(plan, found));
  const failed = [...done.values()].filter(({ outcome }) => outcome === 'failed');
  const undone = [...makers].filter(([id]) => (done.get(id)?.outcome ?? 'skipped') === 'skipped');
  const failedRuns = found.flatMap(({ failedRuns: own = [] }) => own);
  if (failed.length + undone.length + failedRuns.length === 0) {
    say(`${countText(plan)}: all ${makers.size} tasks are through`);
    return;
  }
  const unended = [...new Set(undone.filter(([id]) => !done.has(id)).map(([, shard]) => shard))];
  const words = [
    failed.length > 0 && `${named(failed)} failed`,
    undone.length > 0 && `${named(undone.map(([id]) => ({ id })))} did not run`,
    ...failedRuns.map(failedRunText),
  ].filter(Boolean);
  throw new StagesError('COMMAND_FAILED', {
    message: words.join(', and '),
    hint:
      unended.length > 0
        ? `Shard ${unended.join(', ')} did not come to its end: run it again, which builds no more than what is missing`
        : 'What they said stands in the logs of their shards',
  });
}

/** Those of this plan, by number. */
export function readRecords(plan: PlanFile, folder: string): ShardRecord[] {
  const found: ShardRecord[] = [];
  for (const at of plan.shards.keys()) {
    const record = readRecord(join(folder, `shard-${at + 1}.json`));
    if (record?.plan === plan.id && record.shard === at + 1) found.push(record);
  }
  return found;
}

function readRecord(file: string): ShardRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as ShardRecord;
    return record?.format === 1 && Array.isArray(record.tasks) ? record : undefined;
  } catch {
    return undefined;
  }
}
