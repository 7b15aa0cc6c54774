import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { mermaidGraph, svgGraph } from '@excel2doc/dockerfile';
import {
  baseImages,
  type DockerOptions,
  type DockerProject,
  explainStages,
  type KeyedPlan,
  makePlans,
  otherModesText,
  outputRoot,
  readBuiltPlan,
  type StageExplanation,
} from '@excel2doc/stages';
import { dockerProject } from '../project';
import { openLive } from '../../run/live';
import { taskOf } from '../docker-plan/plan-project';
import { report, sayLine } from '../report';

interface Options extends DockerOptions {
  json: boolean;
  graph: boolean;
}

/** Why would each stage be built again? Compares the plan of now with the one of the last build. */
export default function dockerExplain(options: Options, context: ExecutorContext) {
  return report(async () => {
    // Where Nx shows nothing of it, its own process does.
    const live = await openLive(context.root, taskOf(context), sayLine);
    const print = (text: string) => {
      process.stdout.write(text);
      live?.show(text.trimEnd());
    };
    if (!options.json) live?.show(`\n${context.projectName}:${context.targetName}`);
    try {
      await explain(options, context, print);
    } finally {
      await live?.close();
    }
  });
}

async function explain(
  options: Options,
  context: ExecutorContext,
  print: (text: string) => void,
): Promise<void> {
  const project = dockerProject(options, context);
  const { plans: current, otherModes } = await makePlans(project);
  const built = new Map<string, KeyedPlan>();
  for (const { stage } of current) {
    const plan = await readBuiltPlan(project.stageDir(stage));
    if (plan) built.set(stage, plan);
  }
  const stages = explainStages(current, built).map((stage) => ({
    ...stage,
    notes: [
      ...stage.notes,
      ...otherModesText(otherModes.get(stage.stage) ?? []),
      ...meantImages(stage, project),
    ],
  }));
  if (options.json) {
    const shown = stages.map(({ stage, platform, state, reasons, differences, notes }) => ({
      stage,
      platform,
      state,
      reasons,
      differences,
      notes,
    }));
    const refused = current.flatMap(({ stage, refused }) =>
      refused ? { stage, state: 'refused', reasons: [refused.message, refused.hint] } : [],
    );
    print(`${JSON.stringify([...shown, ...refused], undefined, 2)}\n`);
  } else print([...stages.map(text), ...current.map(refusal)].join(''));
  if (!options.graph) return;
  const drawn = stages.map(({ stage, plan, state }) => ({ name: stage, plan, state }));
  const file = join(outputRoot(project.home), 'graph.svg');
  await mkdir(dirname(project.absolute(file)), { recursive: true });
  await writeFile(project.absolute(file), svgGraph(drawn));
  // What is printed with --json is JSON alone.
  if (!options.json) print(`\n${mermaidGraph(drawn)}Drawn to ${file}\n`);
}

/** A name that a registry has as well is said to be a project's. */
function meantImages({ plan }: StageExplanation, project: DockerProject): string[] {
  return Object.entries(project.projectImages)
    .filter(([reference]) => baseImages(plan).includes(reference))
    .map(
      ([reference, { project: name, target }]) =>
        `${reference} is the image of project ${name} (${name}:${target}), whatever a registry has under this name`,
    );
}

function text({ stage, platform, state, reasons, notes }: StageExplanation): string {
  const head = { hit: 'hit', rebuild: 'rebuild', unknown: 'build' }[state];
  const lines = [...reasons, ...notes].map((line) => `    ${line}\n`);
  return `${head.padEnd(8)}${stage} (${platform})\n${lines.join('')}`;
}

function refusal({ stage, refused }: KeyedPlan): string {
  return refused ? `refused ${stage}\n    ${refused.message}\n    ${refused.hint}\n` : '';
}
