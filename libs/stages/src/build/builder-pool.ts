import { createHash } from 'node:crypto';
import { type BuilderPlatforms, type Engine, EngineError, reachOf } from '@excel2doc/engine';
import { plannedRunPlatform } from '../plan/read';
import { hasRuns } from '../plan/run-platform';
import { buildersFor, isBuilderGone, saidOf } from '../workspace/builders';
import type { StageBuild } from './stage-build';

/** What came of a build that one of several builders did. */
export interface OnBuilder<T> {
  made: T;
  /** Who did it, where it was not the one that the stage goes to. */
  builder?: string;
}

type PoolBuild = Pick<StageBuild, 'project' | 'outputs' | 'stage' | 'plan' | 'warn'>;

/**
 * Has a stage built by the builder that it goes to, or by the next one where that is not there, or goes
 * away in the middle: each is asked once. A build that fails is the stage's own fault, and no other is asked.
 * Who says that it does not build for the platform of its RUN steps is passed by; who emulates that comes
 * after the others.
 *
 * @param work given no name where the engine itself builds
 * @throws EngineError `BUILDER_UNFIT` where none builds for the platform, `BUILDER_GONE` where none of those
 *   that may is there, naming each and why
 */
export async function onOneBuilder<T>(
  build: PoolBuild,
  work: (builder: string | undefined) => Promise<T>,
): Promise<OnBuilder<T>> {
  const platform = await plannedRunPlatform(build.project, build.plan);
  const named = buildersFor(build.project.builders, platform);
  if (named.length === 0) return { made: await work(undefined) };
  const ordered = named.length === 1 ? named : inOrder(named, await chainOf(build));
  const unfit: string[] = [];
  const gone: EngineError[] = [];
  for await (const builder of ableTo(build, platform, ordered, unfit)) {
    const last = gone.at(-1);
    if (last) build.warn(`${build.stage}: ${last.message}; ${builder} is asked`);
    try {
      return { made: await work(builder), ...(last && { builder }) };
    } catch (error) {
      if (!isBuilderGone(error)) throw error;
      gone.push(error);
    }
  }
  if (gone.length === 0) throw noneFit(platform, unfit);
  if (named.length === 1) throw gone[0]!;
  throw new EngineError('BUILDER_GONE', {
    message: `No builder for ${platform} is there: ${[...gone.map(({ message }) => message), ...unfit].join('; ')}`,
    hint: 'See what `docker buildx inspect NAME` says of each, or name others in the option builders',
  });
}

/**
 * Those that may run a stage's steps on a platform, each asked when its turn comes; all where it has none.
 *
 * @param unfit is told what the others say that they build for
 */
async function* ableTo(
  { project, plan }: PoolBuild,
  platform: string,
  builders: readonly string[],
  unfit: string[],
): AsyncGenerator<string> {
  if (!hasRuns(plan)) return yield* builders;
  const slower: string[] = [];
  const engine = await project.engine();
  for (const builder of builders) {
    const said = await platformsOf(engine, builder, platform);
    // Who does not say is asked to build: it may only have to be started.
    const reach = said && reachOf(said, platform);
    if (reach === 'none') unfit.push(saidOf(builder, said!));
    else if (reach === 'emulated') slower.push(builder);
    else yield builder;
  }
  yield* slower;
}

/** What was asked in this process, of those that build for what was wanted: the others may be mended. */
const known = new Map<string, BuilderPlatforms>();

async function platformsOf(
  engine: Engine,
  builder: string,
  platform: string,
): Promise<BuilderPlatforms | undefined> {
  const key = JSON.stringify([engine.env, builder]);
  const before = known.get(key);
  if (before && reachOf(before, platform) !== 'none') return before;
  const said = await engine.builderPlatforms(builder);
  if (said) known.set(key, said);
  return said;
}

function noneFit(platform: string, unfit: readonly string[]): EngineError {
  return new EngineError('BUILDER_UNFIT', {
    message: `No builder that is named for ${platform} builds for it: ${unfit.join('; ')}`,
    hint: `Name one that does in the option builders, or have one emulate it (qemu, binfmt_misc), then see its Platforms in \`docker buildx inspect NAME\``,
  });
}

/**
 * The builders as a chain of stages prefers them: by a hash of both (rendezvous hashing), so that it goes
 * to the same one from any machine, and where one is taken away or added only its own chains move.
 */
export function inOrder(builders: readonly string[], chain: string): string[] {
  const weight = (builder: string) =>
    createHash('sha256')
      .update(JSON.stringify([builder, chain]))
      .digest('hex');
  const weighed = builders.map((builder) => ({ builder, by: weight(builder) }));
  return weighed.sort((a, b) => (a.by < b.by ? 1 : -1)).map(({ builder }) => builder);
}

/**
 * What stages that are built on one another have in common: the lowest of them in their Dockerfile. What
 * the one has sent or pulled to its builder lies there for the next.
 */
async function chainOf({ project, outputs, stage, plan }: PoolBuild): Promise<string> {
  const lowest = plan.base.kind === 'stage' ? await outputs.lowest(plan.base.stage) : { stage };
  return JSON.stringify([project.home, lowest.stage]);
}
