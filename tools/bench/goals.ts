import { FRESH, WITHOUT_CACHE, WITH_CACHE, WITH_CACHE_MORE } from './fresh-machine';
import { packageAdded } from './scenarios';
import type { FreshFacts, Goal, Row } from './table';
import { BAKE, BARE, OURS } from './ways';

/** What was promised, and what this run shows. */
export function goalsOf(rows: readonly Row[], fresh?: FreshFacts): Goal[] {
  const goals: Goal[] = [];
  const ratio = (workload: string, scenario: string, way: string) =>
    rows.find((row) => row.workload === workload && row.scenario === scenario && row.way === way)
      ?.ratio.wall;
  const add = (text: string, value: number | undefined, most: number, unit = '') => {
    if (value === undefined) return;
    goals.push({ text, met: value <= most, measured: `${value.toFixed(2)}${unit}` });
  };
  const line = 'one source line';
  for (const workload of new Set(rows.map((row) => row.workload))) {
    const bare = ratio(workload, line, BARE);
    const whole = ratio(workload, line, OURS);
    add(`${workload}, ${line}, without Nx's start-up, at most 0.25 of plain buildx`, bare, 0.25);
    add(`${workload}, ${line}, with Nx, at most 1.5 of plain buildx`, whole, 1.5);
    const mine = ratio(workload, 'nothing changed', OURS);
    const others = rows.filter(
      (row) =>
        row.workload === workload &&
        row.scenario === 'nothing changed' &&
        !row.way.startsWith('ours'),
    );
    const best = others.map((row) => row.ratio.wall).sort((a, b) => a - b)[0];
    if (mine !== undefined && best !== undefined)
      add(`${workload}, nothing changed, against the quickest of the others`, mine / best, 1);
  }
  const added = [OURS, BAKE].map((way) => ratio('backend', packageAdded.name, way));
  const [mine, bake] = added;
  if (mine !== undefined && bake !== undefined)
    add(`backend, ${packageAdded.name}, at most 0.9 of bake`, mine / bake, 0.9);
  if (!fresh) return goals;
  const [without, restored, more] = [WITHOUT_CACHE, WITH_CACHE, WITH_CACHE_MORE].map((way) =>
    ratio('backend', FRESH, way),
  );
  add('fresh machine, no remote cache, at most 1.0 of plain buildx', without, 1);
  add('fresh machine, one package added, at most 0.25 of plain buildx', more, 0.25);
  if (without !== undefined && restored !== undefined)
    add('fresh machine, with the remote cache at most 0.1 of without', restored / without, 0.1);
  add('one source line to the remote cache under 100 KB', fresh.lineBytes / 1000, 100, ' KB');
  add('one package to the remote cache under 1 MB', fresh.packageBytes / 1e6, 1, ' MB');
  const [first, second] = fresh.digests;
  goals.push({
    text: 'the same digest from two machines',
    met: first === second,
    measured: first === second ? 'equal' : `${first} and ${second}`,
  });
  return goals;
}
