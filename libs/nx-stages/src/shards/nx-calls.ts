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
 * the rest with these, and ends what is continuous with them. Each has the configuration that Nx gave it
 * in its plan, by default. Targets of the same projects are one run, others one after another.
 */
export function nxCalls(all: PlanFile['tasks'], tasks: readonly string[]): NxCall[] {
  const needed = belowOf(all, tasks);
  const byTarget = new Map<string, string[]>();
  for (const id of tasks) {
    const task = all[id];
    if (!task || task.isContinuous || needed.has(id)) continue;
    byTarget.set(task.target, [...(byTarget.get(task.target) ?? []), id]);
  }
  const byProjects = new Map<string, { targets: string[]; projects: string[]; ids: string[] }>();
  for (const [target, ids] of byTarget) {
    const projects = ids.map((id) => all[id]!.project).sort();
    const key = projects.join(',');
    const same = byProjects.get(key) ?? { targets: [], projects, ids: [] };
    byProjects.set(key, {
      ...same,
      targets: [...same.targets, target],
      ids: [...same.ids, ...ids],
    });
  }
  return [...byProjects.values()].map(({ targets, projects, ids }) => ({
    args: [
      'run-many',
      `--targets=${targets.join(',')}`,
      `--projects=${projects.join(',')}`,
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
