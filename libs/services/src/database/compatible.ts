import { statements } from './statements';

/** A statement that what runs now may not survive. */
export interface Contraction {
  kind: 'drop' | 'rename' | 'required' | 'type';
  /** `customers.name`, as the statement writes it. */
  what: string;
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))*`;
const TABLE = new RegExp(`^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(${NAME}) (.*)$`, 'i');
const CREATED = new RegExp(`^CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(${NAME})`, 'i');
const DROPPED = new RegExp(
  `^DROP (?:TABLE|VIEW|MATERIALIZED VIEW|SCHEMA|TYPE|SEQUENCE|FUNCTION) (?:IF EXISTS )?(${NAME})`,
  'i',
);
const RENAMED = new RegExp(
  `^ALTER (?:VIEW|TYPE|SEQUENCE|SCHEMA) (?:IF EXISTS )?(${NAME}) (?:RENAME|SET SCHEMA)`,
  'i',
);

/**
 * What of a migration breaks the image that runs before it (and the one that a rollback brings
 * back): drops, renames, columns that have to be given, changed types. As squawk's rules
 * ban-drop-column, ban-drop-table, renaming-column, renaming-table, adding-required-field,
 * adding-not-nullable-field and changing-column-type have it. A table that the migration itself makes
 * is nobody's yet.
 */
export function contractions(sql: string): Contraction[] {
  const own = new Set<string>();
  return statements(sql).flatMap((statement): Contraction[] => {
    const created = CREATED.exec(statement)?.[1];
    if (created) own.add(created);
    const dropped = DROPPED.exec(statement)?.[1];
    if (dropped) return own.has(dropped) ? [] : [{ kind: 'drop', what: dropped }];
    const renamed = RENAMED.exec(statement)?.[1];
    if (renamed) return [{ kind: 'rename', what: renamed }];
    const [, table = '', actions = ''] = TABLE.exec(statement) ?? [];
    if (!table || own.has(table)) return [];
    return actionsOf(actions).flatMap((action) => contraction(table, action));
  });
}

function contraction(table: string, action: string): Contraction[] {
  const column = (pattern: string) => new RegExp(pattern.replace('@', `(${NAME})`), 'i');
  const dropped = column('^DROP (?:COLUMN )?(?:IF EXISTS )?@').exec(action);
  if (dropped && !/^DROP CONSTRAINT\b/i.test(action))
    return [{ kind: 'drop', what: `${table}.${dropped[1]}` }];
  if (/^RENAME CONSTRAINT\b/i.test(action)) return [];
  if (/^(RENAME TO|SET SCHEMA)\b/i.test(action)) return [{ kind: 'rename', what: table }];
  const renamed = column('^RENAME (?:COLUMN )?@ TO').exec(action);
  if (renamed) return [{ kind: 'rename', what: `${table}.${renamed[1]}` }];
  const required = column('^ALTER (?:COLUMN )?@ SET NOT NULL').exec(action);
  if (required) return [{ kind: 'required', what: `${table}.${required[1]}` }];
  const typed = column('^ALTER (?:COLUMN )?@ (?:SET DATA )?TYPE').exec(action);
  if (typed) return [{ kind: 'type', what: `${table}.${typed[1]}` }];
  const added = column(
    '^ADD (?:COLUMN )?(?!CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)(?:IF NOT EXISTS )?@',
  ).exec(action);
  const given = /\bDEFAULT\b|\bGENERATED\b|\b(?:small|big)?serial\b/i;
  if (added && /\bNOT NULL\b/i.test(action) && !given.test(action))
    return [{ kind: 'required', what: `${table}.${added[1]}` }];
  return [];
}

/** `DROP COLUMN a, ADD b numeric(1, 2)`, parted at the commas outside of brackets. */
function actionsOf(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const letter of text) {
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += letter;
  }
  return parts.map((part) => part.trim());
}

const KINDS: Record<Contraction['kind'], string> = {
  drop: 'is dropped',
  rename: 'gets another name or place',
  required: 'has to be given from then on',
  type: 'gets another type',
};

/** `customers.name is dropped`. */
export const describeContraction = ({ kind, what }: Contraction): string =>
  `${what} ${KINDS[kind]}`;
