import { evaluate } from './evaluate';
import { expressionsIn } from './expression';
import type { TagFacts } from './facts';
import { entriesOf, type Naming } from './naming';
import { parseTemplates, type TagTemplate } from './template';

const UNKNOWN = { why: 'it hangs on the checkout' };

/** Nothing is known that one checkout of the files has and another has not. */
const NOTHING: Omit<TagFacts, 'projectName'> = {
  commit: UNKNOWN,
  branch: UNKNOWN,
  pullRequest: UNKNOWN,
  gitTags: UNKNOWN,
  version: UNKNOWN,
  committed: UNKNOWN,
  source: UNKNOWN,
  defaultBranch: UNKNOWN,
  isScheduled: false,
  now: new Date(0),
};

/**
 * The tags that an image has in every checkout: those that no branch, commit or date is in. One that
 * only some branch gives counts, for there the image has it.
 *
 * @returns none where an entry is wrong, which docker-build says
 */
export function fixedTags(naming: Naming, projectName: string): string[] {
  const { tag, skipDefaultTag = false } = naming;
  const first = tag ?? (skipDefaultTag ? undefined : 'dev');
  return [...new Set([...(first === undefined ? [] : [first]), ...written(naming, projectName)])];
}

function written(naming: Naming, projectName: string): string[] {
  try {
    return parseTemplates(entriesOf(naming))
      .filter((each) => each.attributes['enable'] !== 'false' && !hasDate(each))
      .map(({ attributes: { enable: _, ...attributes }, ...rest }) => ({ ...rest, attributes }))
      .map((each) => evaluate(each, { ...NOTHING, projectName }))
      .flatMap((each) => ('value' in each ? each.value : []));
  } catch {
    return [];
  }
}

const hasDate = ({ attributes }: TagTemplate) =>
  Object.values(attributes).some((text) => expressionsIn(text).names.includes('date'));
