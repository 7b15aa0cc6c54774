import { appendFile, readFile, readdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { PLAN_FORMAT, type StagePlanFile } from '@excel2doc/dockerfile';
import { readImageRecord, replaceFile } from '@excel2doc/oci';
import {
  type FinalImage,
  readRuns,
  reportOf,
  reportPage,
  reportUrl,
  runsFolder,
  summaryMarkdown,
} from '@excel2doc/build-report';
import {
  dockerTarget,
  homeOf,
  outputRoot,
  planFolder,
  platformFolder,
  stageFolder,
  StagesError,
} from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options {
  stages: string[];
  stage: string;
  variant?: string;
  output?: string;
  link?: string;
  summary?: string;
  optional: boolean;
}

/** Writes the report of the last run that made this project's image. */
export default function dockerReport(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { root, projectName = '' } = context;
    const home = homeOf(projectOf(context).folder, options.variant);
    const plans = await readPlans(join(root, planFolder(home)), options.stages);
    const image = await readFinalImage(
      root,
      home,
      plans.find(({ stage }) => stage === options.stage),
    );
    const { stages, stage, variant } = options;
    const found = reportOf(readRuns(runsFolder(root)), projectName, {
      stages,
      stage,
      plans,
      image,
      ...(variant && { variant }),
    });
    if (!found && options.optional) return;
    if (!found) {
      throw new StagesError('NO_RUN_KEPT', {
        message: `${projectName}: no run that built its image is kept`,
        hint: `Run \`nx run ${projectName}:${dockerTarget('build', variant)}\` first; Nx forgets the runs at \`nx reset\``,
      });
    }
    const file = resolve(root, options.output ?? join(outputRoot(home), 'report.html'));
    await replaceFile(file, reportPage(found));
    const path = relative(root, file);
    process.stdout.write(`Report of ${found.run.at}: ${path}\n`);
    const summary = options.summary ?? process.env['GITHUB_STEP_SUMMARY'];
    if (!summary) return;
    const url = reportUrl(options.link, process.env);
    const text = summaryMarkdown(found, { text: path, ...(url !== undefined && { url }) });
    await appendFile(resolve(root, summary), text);
  });
}

/** The plans as they lie there, in the Dockerfile's order; one of another version is left out. */
async function readPlans(folder: string, stages: string[]): Promise<StagePlanFile[]> {
  const names = new Set(await readdir(folder).catch(() => []));
  const plans: StagePlanFile[] = [];
  for (const stage of stages) {
    if (!names.has(`${stage}.json`)) continue;
    const plan = JSON.parse(await readFile(join(folder, `${stage}.json`), 'utf8')) as StagePlanFile;
    if (plan.format === PLAN_FORMAT) plans.push(plan);
  }
  return plans;
}

async function readFinalImage(
  root: string,
  home: string,
  plan: StagePlanFile | undefined,
): Promise<FinalImage | undefined> {
  const platform = plan?.platforms[0]?.platform;
  if (!plan || platform === undefined) return undefined;
  const folder = join(root, stageFolder(home, plan.stage), platformFolder(platform));
  return readImageRecord(folder).catch(() => undefined);
}
