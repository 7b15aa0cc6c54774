import { openImageStore } from '@excel2doc/engine';
import type { DockerProject } from '../workspace/docker-project';
import { description } from '../names/description';
import { describedStage } from './described';
import { withHealing } from './healing';
import { rememberLoaded } from './image-is-there';
import { type Loaded, loadDescribed } from './load';
import { Outputs } from './outputs';
import { readFacts } from '../names/read-facts';
import { type ImageToLoad, imageTags } from '../names/tags';

/**
 * Brings the image of a stage into the engine, tagged with a name, its own digest, and the commit where it is
 * made of one as it is.
 *
 * @returns what was sent, all of its names, the first before the others, and which tags were left out
 */
export async function loadImage(
  project: DockerProject,
  { stage, image, ...naming }: ImageToLoad,
): Promise<Loaded & { name: string; others: string[]; notes: string[] }> {
  const facts = readFacts(project, naming);
  const engine = await openImageStore({ choice: project.engineChoice });
  const outputs = await Outputs.open(project, engine.platform);
  return withHealing({ project, outputs }, { stages: [stage] }, async () => {
    const said = description(naming, await facts);
    const described = await describedStage(outputs, stage, said);
    const { record } = described;
    const { tags, notes } = imageTags(naming, await facts, record.digest);
    const [name = '', ...others] = tags.map((each) => `${image}:${each}`);
    const loaded = await loadDescribed(engine, described, [name, ...others], project.engine);
    await rememberLoaded(project, image, record, [name, ...others], await facts);
    return { ...loaded, name, others, notes: [...notes, ...said.notes] };
  });
}
