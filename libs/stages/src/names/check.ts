import { OciError, parseReference } from '@excel2doc/oci';
import { StagesError } from '../workspace/fault';
import type { Describing } from './describing';
import { checkDescription } from './description';
import { entriesOf, type Naming } from './naming';
import { imageTag } from './tags';
import { parseTemplates } from './template';

/** An image that a target of the workspace gives a name. */
export interface NamedImage extends Naming, Describing {
  /** `api:docker-build` */
  target: string;
  project: string;
  /** Without a tag. */
  image: string;
  /** Where it is pushed to, without a tag. */
  repository?: string | undefined;
}

/**
 * Refuses what no engine and no registry would take as a name, before anything is built.
 *
 * @param all every image of the workspace: two projects may not call theirs the same
 * @throws StagesError `NAME_INVALID`, `NAME_TAKEN`, `TAG_INVALID`, `LABEL_INVALID`
 */
export function checkNames(image: NamedImage, all: readonly NamedImage[]): void {
  checkRepository(image, 'image', image.image);
  if (image.repository !== undefined) checkRepository(image, 'repository', image.repository);
  try {
    if (image.tag !== undefined || !image.skipDefaultTag) imageTag(image.tag);
    parseTemplates(entriesOf(image));
    checkDescription(image);
  } catch (error) {
    throw named(image, error);
  }
  const other = all.find(
    (each) =>
      each.project !== image.project && each.image === image.image && each.tag === image.tag,
  );
  if (!other) return;
  throw new StagesError('NAME_TAKEN', {
    message: `${image.target} and ${other.target} would both call their image ${image.image}`,
    hint: `Give one of them another name: targets.${targetOf(image)}.options.image in the project.json of ${image.project}`,
  });
}

const targetOf = ({ target }: NamedImage) => target.slice(target.indexOf(':') + 1);

function checkRepository(image: NamedImage, option: string, name: string): void {
  const refuse = (why: string, fit: string) =>
    new StagesError('NAME_INVALID', {
      message: `${image.target}: ${option} "${name}" ${why}`,
      hint: fit === name ? 'It is HOST/NAME, the name in lower case' : `Write "${fit}"`,
    });
  // Told by itself: a tag there would be the image's only one.
  const [, bare, tag] = /^(.*[^/]):([^/:]+)$/.exec(name) ?? [];
  const isHost = bare !== undefined && !bare.includes('/') && /^\d+$/.test(tag ?? '');
  if (bare !== undefined && !isHost && !name.includes('@'))
    throw refuse(`has a tag, which stands in tag or tags`, bare);
  try {
    parseReference(name);
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    const isUpper = name !== name.toLowerCase();
    throw refuse(isUpper ? 'has capital letters' : 'is no name of an image', name.toLowerCase());
  }
}

function named({ target }: NamedImage, error: unknown): unknown {
  if (!(error instanceof StagesError)) return error;
  return new StagesError(error.code, {
    message: `${target}: ${error.message}`,
    hint: error.hint,
    cause: error,
  });
}
