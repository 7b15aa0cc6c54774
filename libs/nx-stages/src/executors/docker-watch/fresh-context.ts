import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NxJsonConfiguration, ProjectConfiguration, ProjectGraph } from '@nx/devkit';
import { askNx, StagesError } from '@excel2doc/stages';
import type { RunContext } from '../project';

/**
 * What Nx knows of the workspace now. A process of its own is asked: within this one, Nx keeps the list
 * of the workspace's files.
 *
 * @throws StagesError `COMMAND_FAILED` where Nx has no graph
 */
export async function freshContext(context: RunContext, signal: AbortSignal): Promise<RunContext> {
  const folder = await mkdtemp(join(tmpdir(), 'nx-stages-graph-'));
  try {
    const path = join(folder, 'graph.json');
    const { said } = await askNx(context.root, ['graph', `--file=${path}`], signal);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) throw withoutGraph(said);
    const { graph } = JSON.parse(text) as { graph: Pick<ProjectGraph, 'nodes'> };
    const projects: Record<string, ProjectConfiguration> = Object.fromEntries(
      Object.entries(graph.nodes).map(([name, { data }]) => [name, data]),
    );
    const nxJson = await readFile(join(context.root, 'nx.json'), 'utf8').catch(() => '{}');
    // Nx has read it just now, comments and all; what it cannot read as plain JSON stays as it was.
    const nxJsonConfiguration = attempt<NxJsonConfiguration>(nxJson) ?? context.nxJsonConfiguration;
    return {
      ...context,
      projectsConfigurations: { version: 2, projects },
      nxJsonConfiguration,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function withoutGraph(said: string): StagesError {
  const lines = said.split('\n').map((line) => line.trim());
  const line = lines.find((each) => /error|✗|NX /i.test(each)) ?? 'it said nothing';
  return new StagesError('COMMAND_FAILED', {
    message: `Nx has no graph of the workspace: ${line}`,
    hint: 'Run `nx graph --file=stdout` to see why',
  });
}

function attempt<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
