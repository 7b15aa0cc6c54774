import { openImageStore } from '@excel2doc/engine';
import { commitForTags } from '../workspace/commit';
import type { DockerProject } from '../workspace/docker-project';
import { withHealing } from './healing';
import { rememberLoaded } from './image-is-there';
import { type Loaded, loadStage } from './load';
import { Outputs } from './outputs';
import { type ImageToLoad, imageTags } from './tags';

/**
 * Brings the image of a stage into the engine, tagged with a name, its own digest, and the commit where it is
 * made of one as it is.
 *
 * @returns what was sent, and the first of its names
 */
export async function loadImage(
  project: DockerProject,
  { stage, image, tag }: ImageToLoad,
): Promise<Loaded & { name: string }> {
  const committed = commitForTags(project);
  const engine = await openImageStore({ choice: project.engineChoice });
  const outputs = await Outputs.open(project, engine.platform);
  return withHealing({ project, outputs }, { stages: [stage] }, async () => {
    const { record } = await outputs.read(stage);
    const tags = imageTags(record.digest, await committed, tag);
    const [name = '', ...others] = tags.map((each) => `${image}:${each}`);
    const loaded = await loadStage(engine, outputs, stage, [name, ...others], project.engine);
    await rememberLoaded(project, image, record, [name, ...others]);
    return { ...loaded, name };
  });
}
