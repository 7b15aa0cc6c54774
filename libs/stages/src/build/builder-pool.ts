import { createHash } from 'node:crypto';
import { EngineError } from '@excel2doc/engine';
import { buildersFor, isBuilderGone } from '../workspace/builders';
import type { Outputs } from './outputs';
import type { StageBuild } from './stage-build';

/** What came of a build that one of several builders did. */
export interface OnBuilder<T> {
  made: T;
  /** Who did it, where it was not the one that the stage goes to. */
  builder?: string;
}

/**
 * Has a stage built by the builder that it goes to, or by the next one where that is not there, or goes
 * away in the middle: each is asked once. A build that fails is the stage's own fault, and no other is asked.
 *
 * @param work given no name where the engine itself builds
 * @throws EngineError `BUILDER_GONE` naming each and why, where none is there
 */
export async function onOneBuilder<T>(
  build: Pick<StageBuild, 'project' | 'outputs' | 'stage' | 'plan' | 'warn'>,
  work: (builder: string | undefined) => Promise<T>,
): Promise<OnBuilder<T>> {
  const { platform } = build.plan;
  const named = buildersFor(build.project.builders, platform);
  if (named.length <= 1) return { made: await work(named[0]) };
  const builders = inOrder(named, await chainOf(build));
  const gone: string[] = [];
  for (const [at, builder] of builders.entries()) {
    try {
      return { made: await work(builder), ...(at > 0 && { builder }) };
    } catch (error) {
      if (!isBuilderGone(error)) throw error;
      gone.push(error.message);
      const next = builders[at + 1];
      if (next) build.warn(`${build.stage}: ${error.message}; ${next} is asked`);
    }
  }
  throw new EngineError('BUILDER_GONE', {
    message: `No builder for ${platform} is there: ${gone.join('; ')}`,
    hint: 'See what `docker buildx inspect NAME` says of each, or name others in the option builders',
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
async function chainOf({
  project,
  outputs,
  stage,
  plan,
}: Pick<StageBuild, 'project' | 'outputs' | 'stage' | 'plan'>): Promise<string> {
  const lowest = plan.base.kind === 'stage' ? await lowestOf(outputs, plan.base.stage) : stage;
  return JSON.stringify([project.home, lowest]);
}

async function lowestOf(outputs: Outputs, stage: string): Promise<string> {
  const { base } = (await outputs.read(stage)).record;
  return base.kind === 'stage' ? lowestOf(outputs, base.stage) : stage;
}
