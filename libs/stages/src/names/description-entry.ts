import { similarTo } from '@excel2doc/dockerfile';
import { StagesError } from '../workspace/fault';
import { expressionsIn, filled, formatDate } from './expression';

/** What may stand between braces in a label; the time of the build may not, or each had its own digest. */
export const LABEL_EXPRESSIONS: readonly string[] = [
  'branch',
  'tag',
  'sha',
  'commit',
  'commit_date',
  'source',
  'version',
];

/** Where an annotation stands. */
export interface Place {
  level: 'manifest' | 'index' | 'manifest-descriptor';
  /** Only of the image for it: `linux/arm64`. */
  platform?: string;
}

/** A label or an annotation. */
export interface DescriptionEntry {
  /** As it is written. */
  text: string;
  key: string;
  value: string;
  /** Of an annotation. */
  places: Place[];
}

/** What `oci` stands for: what the annotations of the image specification say of where an image is from. */
const OCI = {
  'org.opencontainers.image.source': '{{source}}',
  'org.opencontainers.image.revision': '{{commit}}',
  'org.opencontainers.image.created': '{{commit_date}}',
  'org.opencontainers.image.version': '{{version}}',
};

type Option = 'labels' | 'annotations';

/**
 * The entries of the option `labels` or `annotations`.
 *
 * @throws StagesError `LABEL_INVALID` naming the entry
 * @see OCI image-spec v1.1, annotations.md#pre-defined-annotation-keys
 */
export function parseEntries(option: Option, entries: readonly string[]): DescriptionEntry[] {
  return whole(option, entries).flatMap((text) => {
    const { places, rest } = option === 'annotations' ? placed(text) : { places: [], rest: text };
    if (rest.trim() === 'oci')
      return Object.entries(OCI).map(([key, value]) => ({ text, key, value, places }));
    const entry = { text, ...pairOf(option, text, rest), places };
    checkValue(option, entry);
    return entry;
  });
}

/** The annotations of a Bake file: no expressions of ours are in them. */
export function parseDeclared(entries: readonly string[]): DescriptionEntry[] {
  return whole('annotations', entries).map((text) => {
    const { places, rest } = placed(text);
    return { text, ...pairOf('annotations', text, rest), places };
  });
}

/** On a command line Nx parts a list at each comma, that of `manifest,index:` too. */
function whole(option: Option, entries: readonly string[]): string[] {
  if (option === 'labels') return [...entries];
  const joined: string[] = [];
  let before = '';
  for (const entry of entries) {
    if (PLACE.test(entry.trim())) before += `${entry.trim()},`;
    else {
      joined.push(before + entry);
      before = '';
    }
  }
  return before === '' ? joined : [...joined, before.slice(0, -1)];
}

const PLACE = /^(manifest|index|manifest-descriptor|index-descriptor)(?:\[([^\]]*)\])?$/;

function placed(text: string): { places: Place[]; rest: string } {
  const at = text.indexOf(':');
  const before = at < 0 ? [] : text.slice(0, at).split(',');
  const found = before.map((each) => PLACE.exec(each.trim()));
  if (found.length === 0 || found.some((each) => each === null))
    return { places: [{ level: 'manifest' }], rest: text };
  const places = found.map((each): Place => {
    const [, level = '', platform] = each!;
    if (level === 'index-descriptor')
      throw invalid(
        'annotations',
        text,
        'an image in an engine or a registry has no index-descriptor',
        'Write manifest, index or manifest-descriptor before the colon',
      );
    return { level: level as Place['level'], ...(platform && { platform }) };
  });
  return { places, rest: text.slice(at + 1) };
}

function pairOf(option: Option, text: string, pair: string): { key: string; value: string } {
  const at = pair.indexOf('=');
  const key = (at < 0 ? pair : pair.slice(0, at)).trim();
  if (at < 0)
    throw invalid(
      option,
      text,
      'it has no value',
      `Write NAME=VALUE, or oci for source, revision, time and version; a value with a comma is written into the target's options`,
    );
  if (key === '' || /[\s"]/.test(key))
    throw invalid(option, text, 'it has no name', 'Write org.opencontainers.image.vendor=Acme');
  return { key, value: pair.slice(at + 1) };
}

function checkValue(option: Option, { text, value }: DescriptionEntry): void {
  try {
    // What is wrong with a time shows when it is written.
    filled(value, (name, more) =>
      name === 'commit_date' && more !== '' ? formatDate(more, new Date(0)) : '',
    );
  } catch (error) {
    throw invalid(option, text, 'its commit_date is no date', (error as StagesError).hint);
  }
  const { names, open } = expressionsIn(value);
  if (open) throw invalid(option, text, 'an expression is not closed', 'Write {{commit}}');
  for (const name of names) {
    if (name === 'date')
      throw invalid(
        option,
        text,
        'with the time of the build each build would be another image',
        'Write {{commit_date}}, the time of the commit',
      );
    if (LABEL_EXPRESSIONS.includes(name)) continue;
    const similar = similarTo(name, LABEL_EXPRESSIONS);
    throw invalid(
      option,
      text,
      `there is no {{${name}}}`,
      similar ? `Did you mean "${similar}"?` : `It is one of ${LABEL_EXPRESSIONS.join(', ')}`,
    );
  }
}

function invalid(option: Option, text: string, why: string, hint: string): StagesError {
  return new StagesError('LABEL_INVALID', { message: `${option}: "${text}": ${why}`, hint });
}
