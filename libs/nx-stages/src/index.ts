import { type PluginOptions } from '@excel2doc/stages';
import { createNodes as infer, filePattern } from './infer/create-nodes';

export { createDependencies } from './infer/create-dependencies';
import type { CreateNodes } from '@nx/devkit';

export type { PluginOptions };

/** The name from Nx 23 on. */
export const createNodes: CreateNodes<PluginOptions> = [filePattern, infer];
/** The name that Nx 22 looks for. */
export const createNodesV2 = createNodes;
