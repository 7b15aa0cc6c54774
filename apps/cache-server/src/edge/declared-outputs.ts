import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { recordsOf } from './task-records';
import type { WorkspacePlace } from '../archive/workspace-place';

const targetSchema = z.object({
  outputs: z.array(z.string()).optional(),
  options: z.record(z.string(), z.unknown()).optional(),
  configurations: z.record(z.string(), z.unknown()).optional(),
});
const graphSchema = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      name: z.string(),
      data: z.object({ root: z.string(), targets: z.record(z.string(), targetSchema).default({}) }),
    }),
  ),
});

type Node = z.output<typeof graphSchema>['nodes'][string];
type Target = z.output<typeof targetSchema>;

interface Task {
  /** Its project and its target, as Nx's records have them. */
  name: string;
  bases: string[];
}

/**
 * Where each task of a workspace puts its outputs, from the project graph that Nx writes down before
 * it asks for the first entry. Read again when that file changes.
 */
export class DeclaredOutputs {
  #read: { mtimeMs: number; tasks: Task[] | null } | null = null;
  readonly #root: Promise<string>;

  constructor(
    workspace: string,
    readonly environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#root = rootOf(workspace);
  }

  /** Where the entry of this hash may be unpacked: as the outputs of the task that it is of. */
  async place(hash: string): Promise<WorkspacePlace> {
    const root = await this.#root;
    const folder =
      this.environment.NX_WORKSPACE_DATA_DIRECTORY ||
      this.environment.NX_PROJECT_GRAPH_CACHE_DIRECTORY ||
      join(root, '.nx/workspace-data');
    const file = join(folder, 'project-graph.json');
    const mtimeMs = await stat(file).then((stats) => stats.mtimeMs, () => 0); // prettier-ignore
    if (this.#read?.mtimeMs !== mtimeMs)
      this.#read = { mtimeMs, tasks: mtimeMs === 0 ? null : await tasksOf(file) };
    const { tasks } = this.#read;
    const records = tasks === null ? [] : await recordsOf(hash, folder);
    const own = tasks?.filter(({ name }) => records.some((record) => record.startsWith(name)));
    // A task of which Nx has no record is at least one of those that there are.
    return { root, tasks: (own?.length ? own : tasks)?.map(({ bases }) => bases) ?? null };
  }
}

/** The folder above, or of, `start` that has an nx.json; `start` itself when none has. */
async function rootOf(start: string): Promise<string> {
  for (let folder = start; ; folder = dirname(folder)) {
    if (await stat(join(folder, 'nx.json')).then(() => true, () => false)) return folder; // prettier-ignore
    if (dirname(folder) === folder) return start;
  }
}

async function tasksOf(file: string): Promise<Task[] | null> {
  try {
    const { nodes } = graphSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return Object.values(nodes).flatMap((node) =>
      Object.entries(node.data.targets).map(([target, declared]) => ({
        name: node.name + target,
        bases: outputBases(node, declared),
      })),
    );
  } catch {
    return null;
  }
}

/** The folders and files below which a task's outputs lie. @see Nx reference, "outputs" */
export function outputBases({ name, data: { root } }: Node, target: Target): string[] {
  const declared = target.outputs ?? [`dist/${root}`, `${root}/dist`, `${root}/build`, `${root}/public`]; // prettier-ignore
  const optionSets = [target.options, ...Object.values(target.configurations ?? {})];
  return declared
    .filter((output) => !output.startsWith('!'))
    .flatMap((output) => {
      const option = /\{options\.([^}]+)\}/.exec(output);
      const values = option ? optionValues(optionSets, option[1]!) : [''];
      return values.map((value) =>
        output
          .replace('{workspaceRoot}', '.')
          .replace('{projectRoot}', root)
          .replaceAll('{projectName}', name)
          .replace(option?.[0] ?? '\0', value),
      );
    })
    .map(baseOf);
}

function optionValues(sets: readonly unknown[], name: string): string[] {
  const values = sets.flatMap((set) => {
    const value = (set as Record<string, unknown> | undefined)?.[name];
    return typeof value === 'string' ? [value] : [];
  });
  // One that only the command line gives could be anywhere.
  return values.length > 0 ? values : ['*'];
}

/** The path up to the first part that is a pattern, or that we do not know how to fill in. */
function baseOf(output: string): string {
  const parts = output.split('/').filter((part) => part !== '' && part !== '.');
  const pattern = parts.findIndex((part) => /[*?{}[\]()!]/.test(part));
  return (pattern === -1 ? parts : parts.slice(0, pattern)).join('/');
}
