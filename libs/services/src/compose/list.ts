import type { Engine } from '@excel2doc/engine';

/** A Compose project as the engine knows it: what it runs, what it keeps, where it was started. */
export interface ListedProject {
  name: string;
  running: number;
  containers: number;
  volumes: string[];
  /** Of its Compose file, absolute; undefined where only volumes are left. */
  folder: string | undefined;
}

const LABEL = 'com.docker.compose.project';

/** All Compose projects of the engine, also those of which only volumes are left, by name. */
export async function listProjects(engine: Pick<Engine, 'command'>): Promise<ListedProject[]> {
  const format = `{{.Label "${LABEL}"}}\t{{.Label "${LABEL}.working_dir"}}\t{{.State}}`;
  const filter = ['--filter', `label=${LABEL}`];
  const [containers, volumes] = await Promise.all([
    engine.command(['ps', '--all', ...filter, '--format', format]),
    engine.command(['volume', 'ls', ...filter, '--format', `{{.Label "${LABEL}"}}\t{{.Name}}`]),
  ]);
  const projects = new Map<string, ListedProject>();
  const project = (name: string) => {
    const known = projects.get(name) ?? {
      name,
      running: 0,
      containers: 0,
      volumes: [],
      folder: undefined,
    };
    projects.set(name, known);
    return known;
  };
  for (const [name = '', folder, state] of rows(containers.stdout)) {
    const found = project(name);
    found.containers += 1;
    if (state === 'running') found.running += 1;
    found.folder ??= folder || undefined;
  }
  for (const [name = '', volume = ''] of rows(volumes.stdout)) project(name).volumes.push(volume);
  return [...projects.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const rows = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
