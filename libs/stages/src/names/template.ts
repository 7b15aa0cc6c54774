import { similarTo } from '@excel2doc/dockerfile';
import { StagesError } from '../workspace/fault';
import { EXPRESSIONS, expressionsIn, filled, formatDate, VERSION_EXPRESSIONS } from './expression';

/** What an entry of the option `tags` may have, by its type, with the priority that it has by default. */
const TYPES = {
  schedule: { attributes: ['pattern'], required: [], priority: 1000 },
  semver: { attributes: ['pattern', 'value'], required: ['pattern'], priority: 900 },
  match: { attributes: ['pattern', 'group', 'value'], required: ['pattern'], priority: 800 },
  edge: { attributes: ['branch'], required: [], priority: 700 },
  ref: { attributes: ['event'], required: ['event'], priority: 600 },
  raw: { attributes: ['value'], required: ['value'], priority: 200 },
  sha: { attributes: ['format'], required: [], priority: 100 },
} as const satisfies Record<string, TypeRule>;

interface TypeRule {
  attributes: readonly string[];
  required: readonly string[];
  priority: number;
}

const COMMON = ['enable', 'priority', 'prefix', 'suffix'];

/** Attributes that take one of a few values. */
const VALUES: Record<string, readonly string[]> = {
  event: ['branch', 'tag', 'pr'],
  format: ['short', 'long'],
  enable: ['true', 'false', '{{is_default_branch}}', '{{is_not_default_branch}}'],
};

export type TemplateType = keyof typeof TYPES;

/** An entry of the option `tags`. */
export interface TagTemplate {
  /** As it is written. */
  text: string;
  type: TemplateType;
  attributes: Readonly<Record<string, string>>;
  /** Higher ones come first. */
  priority: number;
}

/**
 * The entries of the option `tags`, those that come first at first.
 *
 * @throws StagesError `TAG_INVALID` naming the entry
 * @see docker/metadata-action, README.md#tags-input
 */
export function parseTemplates(entries: readonly string[]): TagTemplate[] {
  return whole(entries)
    .map(parseTemplate)
    .sort((a, b) => b.priority - a.priority);
}

/** On a command line Nx parts a list at each comma, those within an entry too. */
function whole(entries: readonly string[]): string[] {
  const known = new Set([
    ...COMMON,
    ...Object.values(TYPES).flatMap(({ attributes }) => attributes),
  ]);
  const joined: string[] = [];
  for (const entry of entries) {
    const [, name] = /^\s*"?(\w+)=/.exec(entry) ?? [];
    const last = joined.at(-1);
    if (name && known.has(name) && last?.includes('type='))
      joined.splice(-1, 1, `${last},${entry}`);
    else joined.push(entry);
  }
  return joined;
}

function parseTemplate(text: string): TagTemplate {
  const fields = fieldsOf(text);
  const [first = ''] = fields;
  // Without a type it is the tag itself: `latest`, `v{{sha}}`.
  if (fields.length === 1 && !/^\w+=/.test(first))
    return checked({
      text,
      type: 'raw',
      attributes: { value: first },
      priority: TYPES.raw.priority,
    });
  const pairs = fields.map((field): [string, string] => {
    const at = field.indexOf('=');
    // `type=raw,latest`
    return at < 0 ? ['value', field] : [field.slice(0, at).trim(), field.slice(at + 1)];
  });
  const { type, ...attributes } = Object.fromEntries(pairs) as Record<string, string>;
  if (type === undefined)
    throw invalid(
      text,
      'it says no type',
      'Write type=ref,event=branch for example, or a bare tag',
    );
  if (!isType(type))
    throw invalid(text, `there is no type "${type}"`, choice(type, Object.keys(TYPES)));
  const priority = Number(attributes['priority'] ?? TYPES[type].priority);
  if (!Number.isFinite(priority)) throw invalid(text, 'its priority is no number', 'priority=900');
  return checked({ text, type, attributes, priority });
}

const isType = (type: string): type is TemplateType => Object.hasOwn(TYPES, type);

function checked(template: TagTemplate): TagTemplate {
  const { text, type, attributes } = template;
  const rule: TypeRule = TYPES[type];
  const names = [...rule.attributes, ...COMMON];
  for (const [name, value] of Object.entries(attributes)) {
    if (!names.includes(name))
      throw invalid(text, `type=${type} has no "${name}"`, choice(name, names));
    const allowed = VALUES[name];
    if (allowed && !allowed.includes(value.replaceAll(' ', '')))
      throw invalid(text, `"${value}" is no ${name}`, `It is one of ${allowed.join(', ')}`);
    if (name !== 'enable' && name !== 'priority') checkText(template, name, value);
  }
  for (const name of rule.required)
    if (!attributes[name]) throw invalid(text, `type=${type} wants ${name}=`, EXAMPLES[type]);
  return template;
}

const EXAMPLES: Record<TemplateType, string> = {
  schedule: 'type=schedule,pattern=nightly',
  semver: 'type=semver,pattern={{version}}',
  match: 'type=match,pattern=v(.*),group=1',
  edge: 'type=edge,branch=main',
  ref: 'type=ref,event=branch',
  raw: 'type=raw,value=latest',
  sha: 'type=sha,format=long',
};

/** What stands in it has to be fit for a tag; what git puts there is made fit. */
function checkText({ text, type }: TagTemplate, name: string, value: string): void {
  if (type === 'match' && name === 'pattern') {
    try {
      new RegExp(value);
    } catch (cause) {
      throw invalid(text, (cause as Error).message, EXAMPLES.match);
    }
    return;
  }
  const isVersion = type === 'semver' && name === 'pattern';
  const known = isVersion ? [...VERSION_EXPRESSIONS, ...EXPRESSIONS] : EXPRESSIONS;
  const { names, rest, open } = expressionsIn(value);
  if (open) throw invalid(text, 'an expression is not closed', 'Write {{branch}}');
  for (const each of names)
    if (!known.includes(each)) throw invalid(text, `there is no {{${each}}}`, choice(each, known));
  // What is wrong with a date shows when it is written.
  filled(value, (each, more) => (each === 'date' ? formatDate(more, new Date(0)) : ''));
  const [unfit] = /[^\w.-]/.exec(rest) ?? [];
  if (unfit !== undefined && name !== 'branch' && name !== 'value')
    throw invalid(text, `a tag has no "${unfit}"`, 'It takes letters, digits, ".", "_" and "-"');
  if (unfit !== undefined && name === 'value' && type === 'raw')
    throw invalid(text, `a tag has no "${unfit}"`, 'It takes letters, digits, ".", "_" and "-"');
}

/** Parted at commas, but not at those within quotes or an expression. */
function fieldsOf(text: string): string[] {
  const fields = text.match(/(?:"[^"]*"|\{\{.*?\}\}|[^,])+/g) ?? [''];
  return fields.map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
}

function choice(wrong: string, names: readonly string[]): string {
  const similar = similarTo(wrong, names);
  return similar ? `Did you mean "${similar}"?` : `It is one of ${names.join(', ')}`;
}

export function invalid(text: string, why: string, hint: string): StagesError {
  return new StagesError('TAG_INVALID', { message: `tags: "${text}": ${why}`, hint });
}
