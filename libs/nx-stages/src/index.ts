import { type PluginOptions } from './options';
import { createNodes as infer, filePattern } from './infer/create-nodes';

export { createDependencies } from './infer/create-dependencies';
import type { CreateNodes } from '@nx/devkit';

export type { PluginOptions };
export { postTasksExecution } from './build-report/hook';

/** The name from Nx 23 on. */
export const createNodes: CreateNodes<PluginOptions> = [filePattern, infer];
/** The name that Nx 22 looks for. */
export const createNodesV2 = createNodes;
