import { readFileSync } from 'node:fs';
import type { TargetConfiguration, TaskGraph } from '@nx/devkit';
import { type ShardTask, StagesError } from '@excel2doc/stages';
import { loadsImage } from '../infer/image-targets';

/** A task of Nx's, and what a plan of shards has to know of it. */
export interface GraphTask extends Omit<ShardTask, 'costMs' | 'group'> {
  project: string;
  target: string;
  /** It never ends by itself: Nx ends it once what depends on it has run. */
  isContinuous?: boolean;
  outputs: string[];
}

/** What `nx affected --graph=FILE.json` writes, as far as it is read here. */
interface GraphFile {
  graph: { nodes: Record<string, { data: { targets?: Record<string, TargetConfiguration> } }> };
  tasks: TaskGraph;
}

/**
 * The tasks of a run, as Nx has planned them.
 *
 * @param file what `nx affected -t TARGETS --graph=FILE` wrote
 * @throws StagesError `OPTION_REFUSED` for a file that is not there or is none
 */
export function readTaskGraph(file: string): GraphTask[] {
  const graph = parsed(file);
  const targets = graph?.graph?.nodes;
  const { tasks, dependencies, continuousDependencies = {} } = graph?.tasks ?? {};
  if (!targets || !tasks || !dependencies) throw refused(file, `${file} holds no tasks of Nx`);
  return Object.values(tasks).map(({ id, target, outputs, cache, continuous }) => {
    const { project, target: name, configuration } = target;
    const declared: TargetConfiguration = targets[project]?.data.targets?.[name] ?? {};
    if (configuration !== undefined && configuration !== declared.defaultConfiguration)
      throw new StagesError('OPTION_REFUSED', {
        message: `${file}: ${id} is planned with the configuration ${configuration}, which no shard would run`,
        hint: 'Plan without --configuration; `defaultConfiguration` of the target says what CI builds',
      });
    const isCached = cache ?? declared.cache ?? false;
    return {
      id,
      dependsOn: [...(dependencies[id] ?? []), ...(continuousDependencies[id] ?? [])],
      // What is in one engine is in no other.
      isShareable: isCached && continuous !== true && !loadsImage(declared),
      project,
      target: name,
      outputs,
      ...(continuous && { isContinuous: true }),
    };
  });
}

function parsed(file: string): Partial<GraphFile> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw refused(file, `${file} cannot be read`, cause);
  }
  try {
    return JSON.parse(text) as Partial<GraphFile>;
  } catch {
    return undefined;
  }
}

const refused = (file: string, message: string, cause?: unknown) =>
  new StagesError('OPTION_REFUSED', {
    message,
    hint: `Write it with \`npx nx affected -t docker-build --graph=${file}\``,
    cause,
  });
