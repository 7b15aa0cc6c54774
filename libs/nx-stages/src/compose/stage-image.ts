import type { ExecutorContext } from '@nx/devkit';
import { withHealing } from '../build/healing';
import { loadStage } from '../build/load';
import { Outputs } from '../build/outputs';
import { projectRootOf } from '../project';
import type { OpenedCompose } from './project';

export interface StageImage {
  stage: string;
  /** Of the project, without a tag. */
  image: string;
  /** The build context, relative to the workspace. */
  contextPath: string;
}

/** Brings a built stage's image into the engine for a service to run; its name is returned. */
export async function loadForService(
  { engine, bases }: OpenedCompose,
  context: ExecutorContext,
  { stage, image, contextPath }: StageImage,
): Promise<string> {
  const outputs = new Outputs(context.root, projectRootOf(context), engine.platform, bases);
  const healing = { context, contextPath, outputs, bases, engine: async () => engine };
  const name = `${image}:${stage}`;
  await withHealing(healing, { stages: [stage] }, () =>
    loadStage(engine, outputs, stage, [name], healing.engine),
  );
  return name;
}
