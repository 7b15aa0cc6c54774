import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StagePlan } from '@excel2doc/dockerfile';
import type { Engine } from '@excel2doc/engine';
import { decompressed, layoutSource, readLayout, readTar, type TarItem } from '@excel2doc/oci';
import type { KeptMount } from './kept-mounts';
import { SCRIPTS } from './mount-scripts';

/** Named contexts: of what the stage is built on, and of what a script is given. */
const BASE_CONTEXT = 'nx-stages-mounts-base';
const SEED_CONTEXT = 'nx-stages-seed';

/** Where a helper has its script, and a folder a mount: two may have one target in the stage. */
const HELPER_FOLDER = '/nx-stages';
const pathOf = (number: number) => `${HELPER_FOLDER}/mounts/${number}`;

/** How a stage is built: its helpers have to find the same mounts. */
export interface HelperBuild {
  engine: Engine;
  plan: StagePlan;
  builder: string | undefined;
  /** The context that stands for what the stage is built on; absent for `scratch`. */
  base: string | undefined;
  buildArgs: Record<string, string>;
  /** Removed by whoever gives it. */
  scratch: string;
}

/**
 * Runs small builds that see a stage's cache mounts: BuildKit lets nobody else at them. Each is a RUN in
 * the image that the stage is built on, which has a shell where its RUNs have one, as root and without a
 * network. Nothing of them is part of the stage or of its steps' cache keys.
 */
export class MountHelper {
  constructor(private readonly build: HelperBuild) {}

  /** Why no helper can run for a stage; undefined where one can. */
  static impossible({ base, instructions }: StagePlan): string | undefined {
    if (base.kind === 'scratch')
      return 'it is built on nothing, so there is no tar to read it with';
    return instructions.some(({ from }) => from === 'base')
      ? 'its base image has ONBUILD triggers'
      : undefined;
  }

  /** Fills or clears mounts. @param seed writes what the script is given: a file `<number>.…` a mount */
  async run(
    script: 'fill' | 'clear',
    mounts: readonly KeptMount[],
    seed: (folder: string) => Promise<void>,
  ): Promise<void> {
    await this.solve(script, mounts, seed, { kind: 'cache' });
  }

  /** Reads out of mounts; `take` is given each file that came of it. */
  async read(
    script: 'list' | 'take',
    mounts: readonly KeptMount[],
    seed: (folder: string) => Promise<void>,
    take: (item: TarItem) => Promise<void>,
  ): Promise<void> {
    const dir = join(this.build.scratch, `mounts-${randomUUID()}`);
    try {
      await this.solve(script, mounts, seed, { kind: 'oci-layout', dir });
      const { manifest } = await readLayout(dir, this.build.plan.platform);
      const source = layoutSource(dir);
      for (const { digest, mediaType } of manifest.layers)
        for await (const item of readTar(decompressed(await source.open(digest), mediaType)))
          if (item.entry.type === 'file') await take(item);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  private async solve(
    script: keyof typeof SCRIPTS,
    mounts: readonly KeptMount[],
    seed: (folder: string) => Promise<void>,
    output: { kind: 'cache' } | { kind: 'oci-layout'; dir: string },
  ): Promise<void> {
    const { engine, plan, builder, base, buildArgs, scratch } = this.build;
    const folder = join(scratch, `seed-${randomUUID()}`);
    try {
      await mkdir(folder);
      const lines = mounts.map((_, number) => `${number} ${pathOf(number)}\n`);
      await writeFile(join(folder, 'mounts'), lines.join(''));
      await writeFile(join(folder, 'script'), SCRIPTS[script]);
      await seed(folder);
      // Beside the context: that has nothing but the files that are read.
      await writeFile(`${folder}.Dockerfile`, dockerfileOf(plan, mounts, output.kind !== 'cache'));
      await engine.build({
        dockerfile: `${folder}.Dockerfile`,
        contextDir: folder,
        platform: plan.platform,
        ...(builder && { builder }),
        buildArgs: Object.fromEntries(
          Object.entries(buildArgs).filter(([name]) => name.startsWith('BUILDKIT_')),
        ),
        namedContexts: { ...(base && { [BASE_CONTEXT]: base }), [SEED_CONTEXT]: folder },
        onProgress: () => undefined,
        output,
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function dockerfileOf(plan: StagePlan, mounts: readonly KeptMount[], isRead: boolean): string {
  const { base, frontend } = plan;
  const platform = base.kind === 'image' && base.platform ? `--platform=${base.platform} ` : '';
  const seed = `--mount=type=bind,from=${SEED_CONTEXT},target=${HELPER_FOLDER}/seed`;
  const own = mounts.map(
    ({ options }, number) => `--mount=type=cache,target=${pathOf(number)},${options}`,
  );
  const flags = ['--network=none', seed, ...own].join(' ');
  // A word that is new each time: what BuildKit ran before for the same files is not what is there now.
  const command = ['/bin/sh', `${HELPER_FOLDER}/seed/script`, randomUUID()];
  return [
    ...(frontend?.syntax ? [`# syntax=${frontend.syntax}`] : []),
    `FROM ${platform}${BASE_CONTEXT} AS nx-stages-mounts`,
    'USER 0:0',
    `WORKDIR ${HELPER_FOLDER}`,
    `RUN ${flags} ${JSON.stringify(command)}`,
    ...(isRead ? ['FROM scratch', `COPY --from=nx-stages-mounts ${HELPER_FOLDER}/out/ /`] : []),
    '',
  ].join('\n');
}
