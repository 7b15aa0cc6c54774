import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectsConfigurations } from '@nx/devkit';
import type { FinalImage, KnownImage } from '@excel2doc/build-report';
import { PLAN_FORMAT, type StagePlanFile } from '@excel2doc/dockerfile';
import { readImageRecord } from '@excel2doc/oci';
import {
  dockerTarget,
  homeOf,
  imagesInMetadata,
  planFolder,
  platformFolder,
  stageFolder,
} from '@excel2doc/stages';

export const REPORT_EXECUTOR = '@excel2doc/nx-stages:docker-report';

/** A Dockerfile, as a target docker-report is told of it. */
export interface ReportedStages {
  stages: string[];
  stage: string;
  variant?: string;
}

/** An image with its plans and its outputs as they lie there. @param folder of the project */
export async function knownImage(
  root: string,
  { project, folder }: { project: string; folder: string },
  { stages, stage, variant }: ReportedStages,
): Promise<KnownImage> {
  const home = homeOf(folder, variant);
  const plans = await readPlans(join(root, planFolder(home)), stages);
  const last = plans.find((plan) => plan.stage === stage);
  const image = await readFinalImage(root, home, last);
  return { project, stages, stage, plans, image, ...(variant && { variant }) };
}

/** All images of the workspace that have a report, each once: a target may be there a second time. */
export function knownImages(
  root: string,
  configurations: ProjectsConfigurations | undefined,
): Promise<KnownImage[]> {
  const found = new Map<string, () => Promise<KnownImage>>();
  for (const [project, { root: folder, targets = {} }] of projectsOf(configurations))
    for (const { executor, options } of Object.values(targets)) {
      if (executor !== REPORT_EXECUTOR || !hasStages(options)) continue;
      const home = homeOf(folder, options.variant);
      const plan = targets[dockerTarget('plan', options.variant)];
      if (found.has(home)) continue;
      found.set(home, async () => ({
        ...(await knownImage(root, { project, folder }, options)),
        projectImages: imagesInMetadata(plan?.metadata),
      }));
    }
  return Promise.all([...found.values()].map((read) => read()));
}

const projectsOf = (configurations: ProjectsConfigurations | undefined) =>
  Object.entries(configurations?.projects ?? {});

/** A target that somebody wrote may have no options; a Dockerfile that cannot be read has no stages. */
function hasStages(options: Partial<ReportedStages> | undefined): options is ReportedStages {
  return Array.isArray(options?.stages) && Boolean(options.stage);
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
