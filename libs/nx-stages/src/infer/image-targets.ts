import type { TargetConfiguration } from '@nx/devkit';

const PLUGIN = '@excel2doc/nx-stages';

/** Whether a target brings an image into the engine. */
export function loadsImage({ executor, options }: TargetConfiguration): boolean {
  if (executor === `${PLUGIN}:docker-image`) return options?.image !== undefined;
  return executor === `${PLUGIN}:docker-load`;
}

/** Whether a target makes a stage. */
export function makesStage({ executor, options }: TargetConfiguration): boolean {
  if (executor === `${PLUGIN}:docker-image`) return options?.image === undefined;
  return executor === `${PLUGIN}:docker-stage`;
}
