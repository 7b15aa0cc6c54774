import { durationText } from '@excel2doc/oci';
import type { TaskRecord } from '@excel2doc/build-report';
import { countText, type PlanFile } from './plan-file';
import type { ShardRecord } from './run-shard';

/** A table of what each shard did, for the summary of a CI job. */
export function shardsMarkdown(plan: PlanFile, records: readonly ShardRecord[]): string {
  const rows = plan.shards.map(({ endMs, steps }, at) => {
    const own = new Set(steps.flatMap(({ tasks }) => tasks));
    const record = records.find(({ shard }) => shard === at + 1);
    const done = (record?.tasks ?? []).filter(({ id }) => own.has(id));
    const count = (...wanted: TaskRecord['outcome'][]) =>
      done.filter(({ outcome }) => wanted.includes(outcome)).length;
    const tookMs = Math.max(
      0,
      ...(record?.tasks ?? []).map((each) => each.startMs + each.durationMs),
    );
    const cells = [
      at + 1,
      own.size,
      count('built'),
      count('local-hit', 'remote-hit'),
      count('failed'),
      own.size - done.length + count('skipped'),
      durationText(endMs),
      record ? durationText(tookMs) : '–',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `### ${countText(plan)}`,
    '',
    '| shard | tasks | built | from the cache | failed | not run | planned | took |',
    '| --: | --: | --: | --: | --: | --: | --: | --: |',
    ...rows,
    '',
    '',
  ].join('\n');
}
