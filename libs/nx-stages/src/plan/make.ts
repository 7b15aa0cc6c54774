import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { type StagePlanFile, parseDockerfile, planStages } from '@excel2doc/dockerfile';
import { Bases } from '../build/bases';
import type { DockerOptions } from '../executors/options';
import { outputRoot } from '../infer/paths';
import { machinePlatform } from '../platform';
import { projectRootOf } from '../project';

/**
 * What is made of a plan: layers, config, image.json. To be counted up by a change that makes another
 * image of the same plan; every stage is then built again.
 */
export const IMAGE_FORMAT = 1;

/** The content of plan/<stage>.json. */
export interface KeyedPlan extends StagePlanFile {
  imageFormat: number;
}

/**
 * What each stage of the Dockerfile reads now, for every platform; writes nothing but the index of
 * file digests.
 *
 * @throws DockerfileError for what BuildKit refuses
 */
export async function makePlans(
  options: DockerOptions,
  context: ExecutorContext,
): Promise<KeyedPlan[]> {
  const absolute = (path: string) => join(context.root, path);
  const bases = await Bases.read(context.root, options.lockFile);
  const source = await readFile(absolute(options.dockerfile), 'utf8');
  const dockerfile = parseDockerfile(source, { file: options.dockerfile });
  const shared = {
    contextDir: absolute(options.context),
    dockerfilePath: absolute(options.dockerfile),
    indexPath: absolute(join(outputRoot(projectRootOf(context)), 'file-index')),
    ...(options.buildArgs && { buildArgs: options.buildArgs }),
  };
  // One platform at a time: each has base digests of its own.
  const byPlatform: StagePlanFile[][] = [];
  for (const platform of options.platforms ?? [machinePlatform()]) {
    const inputs = await bases.inputs(platform);
    byPlatform.push(planStages(dockerfile, { ...shared, platforms: [platform], bases: inputs }));
  }
  return (byPlatform[0] ?? []).map(({ format, stage }, at) => ({
    format,
    imageFormat: IMAGE_FORMAT,
    stage,
    platforms: byPlatform.flatMap((stages) => stages[at]?.platforms ?? []),
  }));
}
