import { StagesError } from '../workspace/fault';
import type { Describing } from './describing';
import { evaluate } from './evaluate';
import type { TagFacts } from './facts';
import { entriesOf, type Naming } from './naming';
import { invalid, parseTemplates } from './template';
import { validTag } from './valid';

/** Which image is brought into the engine, and its name there. */
export interface ImageToLoad extends Naming, Describing {
  stage: string;
  /** Without a tag. */
  image: string;
}

export interface ImageTags {
  /** The first is the one that people use. */
  tags: string[];
  /** Which entries gave none, a line each. */
  notes: string[];
}

const SHORT_COMMIT = 12;

/**
 * What an image is called: a name; what the entries of `tags` give; the commit where it is of one; its
 * own digest. `skipDefaultTag` leaves it with what its target names.
 *
 * @throws StagesError `TAG_INVALID`; `TAG_MISSING` where none is left
 */
export function imageTags(
  naming: Naming,
  facts: TagFacts,
  digest: string,
  env: NodeJS.ProcessEnv = process.env,
): ImageTags {
  const { tags, notes } = namedTags(naming, facts, env);
  const commit = 'value' in facts.commit ? [facts.commit.value.slice(0, SHORT_COMMIT)] : [];
  const own = naming.skipDefaultTag ? [] : [...commit, digest.slice(7, 19)];
  return { tags: [...new Set([...tags, ...own])], notes };
}

/** Those tags that do not hang on what is in the image: known before it is built. @see imageTags */
export function namedTags(
  naming: Naming,
  facts: TagFacts,
  env: NodeJS.ProcessEnv = process.env,
): ImageTags {
  const { tag, skipDefaultTag = false } = naming;
  const found = parseTemplates(entriesOf(naming)).map((each) => ({
    each,
    of: evaluate(each, facts),
  }));
  const notes = found.flatMap(({ each, of }) =>
    'why' in of ? `tags: "${each.text}" is left out: ${of.why}` : [],
  );
  const first = skipDefaultTag && tag === undefined ? [] : [imageTag(tag, env)];
  const tags = [...first, ...found.flatMap(({ of }) => ('value' in of ? of.value : []))];
  if (tags.length === 0) {
    throw new StagesError('TAG_MISSING', {
      message: `No tag is left: skipDefaultTag leaves out "dev"${notes.map((note) => `; ${note}`).join('')}`,
      hint: 'Give the image one more entry in tags, --tag=NAME, or --no-skipDefaultTag',
    });
  }
  return { tags: [...new Set(tags)], notes };
}

/**
 * The tag that people use: the one that a target sets, else NX_STAGES_TAG, else `dev`.
 *
 * @throws StagesError `TAG_INVALID`
 */
export function imageTag(name?: string, env: NodeJS.ProcessEnv = process.env): string {
  const tag = name ?? env['NX_STAGES_TAG'] ?? 'dev';
  if (validTag(tag) === tag && tag !== '') return tag;
  const fit = validTag(tag);
  const where = name === undefined ? `NX_STAGES_TAG=${tag}` : tag;
  throw invalid(
    where,
    'it is no tag',
    `A tag has at most 128 letters, digits, ".", "_" and "-", and begins with none of the last two${fit ? `: "${fit}"` : ''}`,
  );
}
