import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { type DockerOptions, type ImageToLoad, StagesError } from '@excel2doc/stages';

/** What the target that pushes one image is told. */
export type PushOptions = DockerOptions &
  ImageToLoad & { repository?: string | undefined; sbom?: boolean };

/** An image of a project that is released. */
export interface ReleasedImage {
  /** The target that pushes it on any other day. */
  target: string;
  /** The target that makes it. */
  made: string;
  options: PushOptions;
  repository: string;
}

const PUSHES = '@excel2doc/nx-stages:docker-push';

/**
 * The images of a project, each with the place that it is pushed to.
 *
 * @throws StagesError `REPOSITORY_MISSING`
 */
export function imagesOf(
  targets: Record<string, TargetConfiguration>,
  env: NodeJS.ProcessEnv = process.env,
): ReleasedImage[] {
  return Object.entries(targets)
    .filter(([, { executor }]) => executor === PUSHES)
    .map(([target, { options, dependsOn = [] }]) => {
      const pushed = options as PushOptions;
      const [made] = dependsOn;
      return {
        target,
        made: typeof made === 'string' ? made : '',
        options: pushed,
        repository: repositoryOf(pushed, env),
      };
    });
}

/** Where an image is pushed to. @throws StagesError `REPOSITORY_MISSING` */
export function repositoryOf(
  { repository, image }: Pick<PushOptions, 'repository' | 'image'>,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const registry = env['NX_STAGES_REGISTRY'];
  const name = repository ?? (registry && posix.join(registry, image));
  if (name) return name;
  throw new StagesError('REPOSITORY_MISSING', {
    message: `${image}: nobody says where to push it`,
    hint: 'Give --repository=HOST/NAME, or set NX_STAGES_REGISTRY, or the option registry of @excel2doc/nx-stages in nx.json',
  });
}
