import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DockerfileError,
  familiarReference,
  PLAN_FORMAT,
  type StagePlanFile,
  parseDockerfile,
  planStagesAsking,
} from '@excel2doc/dockerfile';
import { PACKAGE_FORMAT, zstdVersion } from '@excel2doc/oci';
import { isPodmanChosen } from '@excel2doc/engine';
import { Bases, type FoundImagesFile } from '../bases/bases';
import { findLockedInEngine, findUnlocked } from '../bases/find-unlocked';
import { findProjectImages } from '../bases/project-images';
import type { DockerProject } from '../workspace/docker-project';
import { builderRules } from './builder-rules';
import { outputRoot } from '../workspace/paths';
import { baseReferences, inRegistries } from '../bases/lock';
import { secretsInKey, type StageSecret } from '../secrets/state';
import type { StagesError } from '../workspace/fault';
import { gitFiles } from './git-files';
import { findContextImages } from './context-images';
import { namedMissing } from './missing-output';
import { misspelt } from './spelling';
import { type OtherMode, otherModes } from './modes';
import { leftOutOf } from './own-outputs';

/**
 * What is made of a plan: layers, config, image.json. To be counted up by a change that makes another
 * image of the same plan; every stage is then built again.
 */
export const IMAGE_FORMAT = 4;

/** The content of plan/<stage>.json. */
export interface KeyedPlan extends StagePlanFile {
  imageFormat: number;
  /** Of the layers; absent for gzip. Another version of zstd may give other bytes, hence another key. */
  compression?: { kind: 'zstd'; version: string };
  /** Of what is copied from a stage; absent where a COPY is one layer. */
  layering?: 'package';
  /** Which version of the grouping by package; there with `layering`. */
  packageFormat?: number;
  /**
   * Who builds the stage where it is not BuildKit: what comes out is the same image, but nobody
   * vouches for the same bytes, so it is part of the key.
   */
  builder?: 'podman';
  /** When its RUN steps were made anew, as the lock says; absent where there are none, or nobody asked. */
  fresh?: string;
  /** What it mounts of secrets and SSH agents, where it mounts any; never a value. */
  secrets?: StageSecret[];
  /** When it was made, of a stage that is built every time: no other plan is equal to it. */
  madeAt?: string;
  /** Why it cannot be built; there are no platforms then. Nothing that others build needs it. */
  refused?: { message: string; hint: string };
}

export interface MadePlans {
  plans: KeyedPlan[];
  /** What was found of base images that nobody has locked, and of those that projects build. */
  unlocked: FoundImagesFile['images'];
  /** By stage, the files whose mode on the disk is not the one that is taken. */
  otherModes: Map<string, OtherMode[]>;
}

/**
 * What each stage of the Dockerfile reads now, for every platform; writes nothing but the index of
 * file digests.
 *
 * @throws DockerfileError for what BuildKit refuses. A stage that the last one does without is
 *   refused when it is built itself, as BuildKit does it.
 */
export async function makePlans(project: DockerProject): Promise<MadePlans> {
  const { options, buildArgs, dockerfile: file } = project;
  const locked = await Bases.read(project.root, project.lockFile);
  const source = await readFile(project.absolute(file), 'utf8');
  const dockerfile = parseDockerfile(source, { file });
  const refused = new Map<string, DockerfileError | StagesError>(misspelt(project, dockerfile));
  const shared = {
    onRefused: (stage: string, error: DockerfileError) =>
      refused.set(stage, namedMissing(project, dockerfile, { stage, error })),
    contextDir: project.contextDir,
    dockerfilePath: project.absolute(file),
    leftOut: leftOutOf(project),
    indexPath: project.absolute(join(outputRoot(project.home), 'file-index')),
    ...buildArgs,
    ...(options.targets && { targets: options.targets }),
  };
  const modes = gitModes(project);
  // One platform at a time: each has base digests of its own.
  const byPlatform: StagePlanFile[][] = [];
  const unlocked: FoundImagesFile['images'] = {};
  for (const platform of project.platforms) {
    const asked = { file, platforms: [platform], ...buildArgs };
    const written = baseReferences(dockerfile, asked);
    const own = await knownBases(project, locked, written, platform);
    const triggered = baseReferences(dockerfile, { ...asked, bases: own.inputs }).filter(
      (each) => !written.some((one) => familiarReference(one) === familiarReference(each)),
    );
    // A base's triggers name images that the Dockerfile does not.
    const { found, inputs } =
      triggered.length === 0
        ? own
        : await knownBases(project, locked, [...written, ...triggered], platform);
    for (const [reference, image] of Object.entries(found))
      unlocked[reference] = { ...unlocked[reference], ...image };
    const wanted = { ...shared, platforms: [platform], bases: inputs };
    // The engine is asked only where two BuildKits read the file differently.
    const rules = () => builderRules(project);
    byPlatform.push((await planStagesAsking(dockerfile, wanted, rules)).map(modes.taken));
  }
  const compression = options.compression === 'zstd' && {
    compression: { kind: 'zstd' as const, version: zstdVersion() },
  };
  const byPodman = await isPodmanChosen({ choice: project.engineChoice });
  const fresh = locked.freshOf(file);
  const plans = dockerfile.stages.map(({ name: stage }): KeyedPlan => {
    const error = refused.get(stage);
    const own = byPlatform.flatMap((plans) => plans.filter((plan) => plan.stage === stage));
    const platforms = error ? [] : own.flatMap(({ platforms }) => platforms);
    const secrets = secretsInKey(project, stage, platforms);
    return {
      format: PLAN_FORMAT,
      imageFormat: IMAGE_FORMAT,
      ...compression,
      ...(options.layering === 'package' && {
        layering: 'package',
        packageFormat: PACKAGE_FORMAT,
      }),
      ...(byPodman && own.some(needsBuilder) && { builder: 'podman' }),
      ...(fresh !== undefined && own.some(runs) && { fresh }),
      ...(secrets.length > 0 && { secrets }),
      stage,
      platforms,
      ...(error && { refused: { message: error.message, hint: error.hint ?? '' } }),
    };
  });
  const missing = neededByLast(plans).find((stage) => refused.has(stage));
  if (missing !== undefined) throw refused.get(missing);
  return { plans, unlocked, otherModes: modes.others };
}

/** What is known of the images that a Dockerfile names, and of which of them nobody has locked it. */
async function knownBases(
  project: DockerProject,
  locked: Bases,
  named: readonly string[],
  platform: string,
) {
  const { engineChoice: choice } = project;
  const made = {
    ...(await findContextImages(project, named, platform)),
    ...(await findProjectImages(project, named, platform)),
  };
  const others = inRegistries(named, project);
  const found: FoundImagesFile['images'] = {
    ...(await findUnlocked(locked.unlocked(others, platform), platform, choice)),
    ...(await findLockedInEngine(locked.lockedInEngine(others, platform), platform, choice)),
    ...made,
  };
  return { found, inputs: await locked.withFound(found).inputs(named, platform) };
}

/** Has the files of plans have the modes that are asked for, and keeps whose are others on the disk. */
function gitModes(project: DockerProject) {
  const others = new Map<string, OtherMode[]>();
  const { taken: takenOf } = gitFiles(project, project.contextDir);
  const taken = (plan: StagePlanFile): StagePlanFile => {
    const platforms = plan.platforms.map((each) => {
      const files = takenOf(each.files);
      others.set(plan.stage, otherModes(each.files, files));
      return { ...each, files };
    });
    return { ...plan, platforms };
  };
  return { others, taken };
}

/** Whether any of it is more than what is put together here, the same for every engine. */
function needsBuilder({ platforms }: StagePlanFile): boolean {
  return (
    platforms.some(({ images, output }) => output.kind === 'paths' || images.length > 0) ||
    runs({ platforms })
  );
}

/** Whether a RUN step makes any of it: what it comes to may be another tomorrow. */
function runs({ platforms }: Pick<StagePlanFile, 'platforms'>): boolean {
  return platforms.some(({ instructions }) =>
    instructions.some(({ keyword }) => keyword === 'RUN'),
  );
}

function neededByLast(plans: readonly KeyedPlan[]): string[] {
  const needed = new Set<string | undefined>([plans.at(-1)?.stage]);
  // What a stage builds on stands before it.
  for (const { stage, platforms } of plans.toReversed())
    if (needed.has(stage))
      platforms.flatMap(({ stages }) => stages).forEach((on) => needed.add(on));
  return plans.map(({ stage }) => stage).filter((stage) => needed.has(stage));
}
