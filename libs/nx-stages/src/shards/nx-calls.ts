import type { PlanFile } from './plan-file';

/** One run of Nx. */
export interface NxCall {
  args: string[];
  /** That it is asked for; it runs what these depend on as well. */
  tasks: string[];
  /** Those of the step that are run with these. */
  with: string[];
  /** `docker-build of api, web` */
  text: string;
}

/**
 * The runs of Nx that tasks take: only those are named that no other of them depends on, for Nx runs
 * the rest with these. Targets of the same projects are one run, others one after another.
 */
export function nxCalls(all: PlanFile['tasks'], tasks: readonly string[]): NxCall[] {
  const needed = belowOf(all, tasks);
  const byTarget = new Map<string, { target: string; configuration?: string; ids: string[] }>();
  for (const id of tasks) {
    const task = all[id];
    if (!task || needed.has(id)) continue;
    const { target, configuration } = task;
    const key = `${target}\0${configuration ?? ''}`;
    const same = byTarget.get(key) ?? { target, ids: [], ...(configuration && { configuration }) };
    byTarget.set(key, { ...same, ids: [...same.ids, id] });
  }
  const byProjects = new Map<string, { targets: string[]; projects: string[]; ids: string[]; configuration?: string }>(); // prettier-ignore
  for (const { target, configuration, ids } of byTarget.values()) {
    const projects = ids.map((id) => all[id]!.project).sort();
    const key = JSON.stringify([configuration, projects]);
    const same = byProjects.get(key) ?? { targets: [], projects, ids: [], ...(configuration && { configuration }) }; // prettier-ignore
    byProjects.set(key, {
      ...same,
      targets: [...same.targets, target],
      ids: [...same.ids, ...ids],
    });
  }
  return [...byProjects.values()].map(({ targets, projects, ids, configuration }) => ({
    args: [
      'run-many',
      `--targets=${targets.join(',')}`,
      `--projects=${projects.join(',')}`,
      ...(configuration ? [`--configuration=${configuration}`] : []),
      '--outputStyle=static',
    ],
    tasks: ids,
    with: withThem(all, ids, tasks),
    text: `${targets.join(', ')} of ${projects.join(', ')}`,
  }));
}

/** What any of `tasks` depends on, at any distance. */
function belowOf(all: PlanFile['tasks'], tasks: readonly string[]): Set<string> {
  const below = new Set<string>();
  const open = tasks.flatMap((id) => all[id]?.dependsOn ?? []);
  for (const id of open) {
    if (below.has(id)) continue;
    below.add(id);
    open.push(...(all[id]?.dependsOn ?? []));
  }
  return below;
}

function withThem(all: PlanFile['tasks'], ids: readonly string[], tasks: readonly string[]) {
  const below = belowOf(all, ids);
  return tasks.filter((id) => below.has(id));
}
