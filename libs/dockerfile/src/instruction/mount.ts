import type { RuleSet } from '../rules';
import { newestRules } from '../rules';
import { FlagProblem } from './flags';
import { similarTo } from './keyword';

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';

export interface Mount {
  type: MountType;
  from?: string;
  source?: string;
  target?: string;
  id?: string;
  env?: string;
  /** The remaining keys that were given, by their long name, in normal form. */
  rest: Record<string, string>;
}

const types = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const longNames: Record<string, string> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};
const valued = [
  'type',
  'from',
  'source',
  'target',
  'size',
  'id',
  'sharing',
  'mode',
  'uid',
  'gid',
  'env',
];
const switches = ['readonly', 'readwrite', 'required'];
const allKeys = [...valued, ...switches, ...Object.keys(longNames)];

/** What BuildKit refuses of a --mount before it knows the values of variables. */
export function checkMount(value: string): void {
  for (const field of csvFields(value)) {
    const equals = field.indexOf('=');
    const from = /^from$/i.test(field.slice(0, Math.max(equals, 0)));
    const dollar = field.indexOf('$');
    if (from && dollar >= 0 && dollar !== field.length - 1)
      throw new FlagProblem(
        "'from' doesn't support variable expansion, define alias stage instead",
      );
  }
}

/**
 * The fields of a --mount as they are written, by their long names: variables in them stay, and nothing
 * is checked. A switch without a value is `true`.
 *
 * @throws FlagProblem for what is no CSV record
 */
export function mountFields(value: string): ReadonlyMap<string, string> {
  return new Map(
    csvFields(value)
      .map(fieldOf)
      .map(({ name, text = 'true' }): [string, string] => [name, text]),
  );
}

/** `src=a` -> key `src`, name `source`, text `a`; no text without an equals sign. */
function fieldOf(field: string): { key: string; name: string; text?: string } {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  const name = longNames[key] ?? key;
  return equals < 0 ? { key, name } : { key, name, text: field.slice(equals + 1) };
}

/**
 * Reads the value of a --mount. `expand` substitutes the variables of one field.
 *
 * @throws FlagProblem with BuildKit's message
 */
export function parseMount(
  value: string,
  expand: (word: string) => string,
  rules: RuleSet = newestRules,
): Mount {
  const found = new Map<string, string>();
  for (const field of csvFields(value)) {
    const { key, name, text: given } = fieldOf(field);
    const isKnown = valued.includes(name) && (name !== 'env' || rules >= 34);
    if (!isKnown && !switches.includes(name)) {
      const meant = similarTo(key, allKeys);
      const message =
        given === undefined
          ? `invalid field '${field}' must be a key=value pair`
          : `unexpected key '${key}' in '${field}'`;
      throw new FlagProblem(message, meant && `did you mean ${meant}?`);
    }
    if (given === undefined && valued.includes(name))
      throw new FlagProblem(`invalid field '${field}' must be a key=value pair`);
    const text = given === undefined ? 'true' : expand(given);
    if (switches.includes(name)) {
      const on = readBoolean(key, text);
      if (name === 'required') found.set(name, String(on));
      else found.set('readonly', String(name === 'readonly' ? on : !on));
    } else found.set(name, text);
  }
  return checked(found);
}

function checked(found: Map<string, string>): Mount {
  const type = (found.get('type') ?? 'bind').toLowerCase() as MountType;
  if (!types.includes(type)) {
    const meant = similarTo(type, types);
    throw new FlagProblem(`unsupported mount type "${type}"`, meant && `did you mean ${meant}?`);
  }
  const only = (key: string, ...allowed: MountType[]) => {
    if (found.has(key) && !allowed.includes(type))
      throw new FlagProblem(`unexpected key '${key}' for mount type '${type}'`);
  };
  only('required', 'secret', 'ssh');
  only('size', 'tmpfs');
  for (const key of ['mode', 'uid', 'gid']) {
    only(key, 'secret', 'ssh', 'cache');
    const digits = found.get(key);
    if (digits !== undefined && !(key === 'mode' ? /^[0-7]+$/ : /^\d+$/).test(digits))
      throw new FlagProblem(`invalid value ${digits} for ${key}`);
  }
  const size = found.get('size');
  if (size !== undefined && !/^\d+(?:\.\d+)* ?[kmgtp]?i?b?$/i.test(size))
    throw new FlagProblem(`invalid value for size: ${size}`);
  const sharing = found.get('sharing')?.toLowerCase();
  if (sharing !== undefined && !['shared', 'private', 'locked'].includes(sharing))
    throw new FlagProblem(`unsupported sharing value "${sharing}"`);
  if (sharing !== undefined && type !== 'cache')
    throw new FlagProblem(`invalid cache sharing set for ${type} mount`);
  if (type === 'secret') {
    if (found.get('from')) throw new FlagProblem('secret mount should not have a from');
    if (!found.get('source') && !found.get('target') && !found.get('id'))
      throw new FlagProblem('invalid secret mount. one of source, target required');
    if (found.get('source') && found.get('id'))
      throw new FlagProblem("both source and id can't be set");
  }
  const mount: Mount = { type, rest: {} };
  for (const [key, text] of found) {
    if (key === 'type') continue;
    if (key === 'from' || key === 'source' || key === 'target' || key === 'id' || key === 'env') {
      if (text !== '' || key === 'env') mount[key] = text;
    } else mount.rest[key] = text;
  }
  return mount;
}

export function readBoolean(key: string, text: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw new FlagProblem(`invalid value for ${key}: ${text}`);
}

/** One CSV record (RFC 4180): a field may stand in double quotes. */
export function csvFields(record: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (record[at] === '"') {
      const quoted = /"((?:[^"]|"")*)"(?=,|$)/y;
      quoted.lastIndex = at;
      const match = quoted.exec(record);
      if (!match) throw new FlagProblem(`failed to parse csv mounts: ${record}`);
      fields.push(match[1]!.replaceAll('""', '"'));
      at += match[0].length;
    } else {
      const comma = record.indexOf(',', at);
      const field = record.slice(at, comma < 0 ? undefined : comma);
      if (field.includes('"')) throw new FlagProblem('failed to parse csv mounts: bare " in field');
      fields.push(field);
      at += field.length;
    }
    if (at >= record.length) return fields;
    at++;
  }
}
