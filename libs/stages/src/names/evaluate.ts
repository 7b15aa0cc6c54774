import { filled, formatDate } from './expression';
import type { TagFacts } from './facts';
import type { Known } from './known';
import { parseVersion, type Version, versionAt } from './semver';
import type { TagTemplate } from './template';
import { validTag } from './valid';

const SHORT = 7;

/** Why an entry gives no tag here. */
class LeftOut extends Error {}

/**
 * The tag that an entry gives, or why it gives none: what it is of is not there, or not known. Nothing
 * is made up in its place.
 */
export function evaluate(template: TagTemplate, facts: TagFacts): Known<string> {
  try {
    const { prefix = defaultPrefix(template), suffix = '', enable = 'true' } = template.attributes;
    if (!isEnabled(enable.replaceAll(' ', ''), facts)) throw new LeftOut(`enable=${enable}`);
    const whole = [prefix, '\0', suffix].map((text) => (text === '\0' ? text : plain(text, facts)));
    const value = valueOf(template, facts);
    if (validTag(value) === '') throw new LeftOut(`nothing of "${value}" may stand in a tag`);
    return { value: validTag(whole.join('').replace('\0', value)) };
  } catch (error) {
    if (error instanceof LeftOut) return { why: error.message };
    throw error;
  }
}

/** A text with its expressions filled in, as a label has it. */
export function textOf(text: string, facts: TagFacts): Known<string> {
  try {
    return { value: plain(text, facts) };
  } catch (error) {
    if (error instanceof LeftOut) return { why: error.message };
    throw error;
  }
}

function defaultPrefix({ type, attributes }: TagTemplate): string {
  if (type === 'sha') return 'sha-';
  return type === 'ref' && attributes['event'] === 'pr' ? 'pr-' : '';
}

function isEnabled(enable: string, facts: TagFacts): boolean {
  if (!enable.startsWith('{{')) return enable === 'true';
  // A build of a tag or a pull request is one of no branch.
  const isDefault = 'value' in facts.branch && facts.branch.value === must(facts.defaultBranch);
  return isDefault === (enable === '{{is_default_branch}}');
}

function valueOf(template: TagTemplate, facts: TagFacts): string {
  const { type, attributes } = template;
  switch (type) {
    case 'raw':
      return plain(attributes['value'] ?? '', facts);
    case 'sha':
      return must(facts.commit).slice(0, attributes['format'] === 'long' ? undefined : SHORT);
    case 'schedule':
      if (!facts.isScheduled) throw new LeftOut('no schedule started this');
      return plain(attributes['pattern'] ?? 'nightly', facts);
    case 'edge': {
      const branch = attributes['branch'] ?? must(facts.defaultBranch);
      if (must(facts.branch) !== branch) throw new LeftOut(`the branch is not ${branch}`);
      return 'edge';
    }
    case 'ref':
      if (attributes['event'] === 'branch') return must(facts.branch);
      return attributes['event'] === 'pr' ? must(facts.pullRequest) : onlyTag(facts);
    case 'match': {
      const value = attributes['value'] ? plain(attributes['value'], facts) : onlyTag(facts);
      const found = new RegExp(attributes['pattern'] ?? '').exec(value);
      const group = found?.[Number(attributes['group'] ?? 0)];
      if (group === undefined) throw new LeftOut(`"${value}" does not match`);
      return group;
    }
    case 'semver':
      return ofVersion(attributes['pattern'] ?? '', versionFor(attributes['value'], facts), facts);
  }
}

function versionFor(value: string | undefined, facts: TagFacts): Version {
  if (value) {
    const text = plain(value, facts);
    const version = parseVersion(text);
    if (!version) throw new LeftOut(`"${text}" is no version`);
    return version;
  }
  return must(versionAt(must(facts.gitTags), facts.projectName));
}

/** A pre-release is never called `1.2`: who asks for that wants no pre-release. */
function ofVersion(pattern: string, version: Version, facts: TagFacts): string {
  if (version.isPrerelease && !/\{\{\s*raw\s*\}\}/.test(pattern)) return version.version;
  return filled(pattern, (name, rest) =>
    name in version ? String(version[name as keyof Version]) : expression(name, rest, facts),
  );
}

const plain = (text: string, facts: TagFacts) =>
  filled(text, (name, rest) => expression(name, rest, facts));

function expression(name: string, rest: string, facts: TagFacts): string {
  if (name === 'branch') return must(facts.branch);
  if (name === 'tag') return onlyTag(facts);
  if (name === 'sha') return must(facts.commit).slice(0, SHORT);
  if (name === 'commit') return must(facts.commit);
  if (name === 'source') return must(facts.source);
  if (name === 'version') return must(facts.version);
  if (name === 'commit_date') {
    const committed = must(facts.committed);
    return rest === '' ? committed : formatDate(rest, new Date(committed));
  }
  return formatDate(rest, facts.now);
}

function onlyTag(facts: TagFacts): string {
  const [tag = '', ...others] = must(facts.gitTags);
  if (others.length > 0)
    throw new LeftOut(`several tags of git are at the commit (${[tag, ...others].join(', ')})`);
  return tag;
}

function must<T>(known: Known<T>): T {
  if ('why' in known) throw new LeftOut(known.why);
  return known.value;
}
