import { type ImageStore, openImageStore } from '@excel2doc/engine';
import type { DockerProject } from '../workspace/docker-project';
import { description } from '../names/description';
import { describedStage } from './described';
import { withHealing } from './healing';
import { rememberLoaded } from './image-is-there';
import { baseNames, type Loaded, loadDescribed } from './load';
import { Outputs } from './outputs';
import type { TagFacts } from '../names/facts';
import { readFacts } from '../names/read-facts';
import { type ImageToLoad, imageTags } from '../names/tags';

/** What a load asks for that its image does not tell. */
export interface LoadStart {
  facts: Promise<TagFacts>;
  engine: Promise<ImageStore>;
  /** When it was asked, in milliseconds since 1970. */
  at: number;
}

/** An engine may be replaced by another. */
const TRUSTED_MS = 2000;

/** Asks for it, so that it is there when the image is made. */
export function startLoad(project: DockerProject, naming: ImageToLoad): LoadStart {
  const facts = readFacts(project, naming);
  const engine = openImageStore({ choice: project.engineChoice });
  // Said by who waits for them; a load that is never run says nothing.
  for (const each of [facts, engine]) each.catch(() => undefined);
  return { facts, engine, at: Date.now() };
}

/**
 * Brings the image of a stage into the engine, tagged with a name, its own digest, and the commit where it is
 * made of one as it is.
 *
 * @param start what was asked for before, if it was
 * @returns what was sent, all of its names, the first before the others, and which tags were left out
 */
export async function loadImage(
  project: DockerProject,
  given: ImageToLoad,
  start?: LoadStart,
): Promise<Loaded & { name: string; others: string[]; notes: string[] }> {
  const { stage, image, ...naming } = given;
  const isTrusted = start && Date.now() - start.at < TRUSTED_MS;
  const { facts, engine: opened } = isTrusted ? start : startLoad(project, given);
  const engine = await opened;
  const outputs = await Outputs.open(project, engine.platform);
  return withHealing({ project, outputs }, { stages: [stage] }, async () => {
    const said = description(naming, await facts);
    const described = await describedStage(outputs, stage, said);
    const { record } = described;
    const { tags, notes } = imageTags(naming, await facts, record.digest);
    const [name = '', ...others] = tags.map((each) => `${image}:${each}`);
    const onBase = { ...described, baseNames: baseNames(outputs, stage) };
    const loaded = await loadDescribed(engine, onBase, [name, ...others], project.engine);
    await rememberLoaded(project, image, record, [name, ...others], await facts);
    return { ...loaded, name, others, notes: [...notes, ...said.notes] };
  });
}
