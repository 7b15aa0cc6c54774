import {
  DockerProject,
  loadStage,
  Outputs,
  withHealing,
  type WorkspaceProject,
} from '@excel2doc/stages';
import type { ComposeOptions, OpenedCompose } from './project';

export interface StageImage {
  stage: string;
  /** Of the project, without a tag. */
  image: string;
  /** The build context, relative to the workspace. */
  contextPath: string;
  /** Relative to the workspace. */
  lockFile?: ComposeOptions['lockFile'];
}

/** Brings a built stage's image into the engine for a service to run; its name is returned. */
export async function loadForService(
  { engine }: OpenedCompose,
  workspace: WorkspaceProject,
  { stage, image, contextPath: context, lockFile = 'docker/images.lock.json' }: StageImage,
): Promise<string> {
  const project = new DockerProject(workspace, { context, lockFile });
  const outputs = await Outputs.open(project, engine.platform);
  const name = `${image}:${stage}`;
  await withHealing({ project, outputs }, { stages: [stage] }, () =>
    loadStage(engine, outputs, stage, [name], project.engine),
  );
  return name;
}
