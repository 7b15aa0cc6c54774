import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { similarTo } from '@excel2doc/dockerfile';
import { StagesError } from './fault';
import type { SecretOption } from './secret-options';

/** Where a value is taken from. Paths are absolute. */
export type SecretSource =
  | { kind: 'env'; name: string }
  | { kind: 'file'; path: string }
  /** A program with its arguments, or one line for a shell. */
  | { kind: 'command'; command: readonly string[] | string };

export interface Secret {
  id: string;
  source: SecretSource;
}

/** An agent's socket or keys, by BuildKit's id. */
export interface SshAgent {
  id: string;
  /** None: the socket that SSH_AUTH_SOCK names. As written: `~` and variables stand in them. */
  paths: readonly string[];
}

const FIELDS = ['id', 'type', 'src', 'source', 'env', 'command', 'shell'];

/**
 * @param by who says it
 * @throws StagesError `SECRET_INVALID`
 */
export function readSecret(
  option: SecretOption,
  by: string,
  { root, env: variables }: { root: string; env: NodeJS.ProcessEnv },
): Secret {
  const shown = typeof option === 'string' ? option : JSON.stringify(option);
  const invalid = (what: string) => invalidOption('secrets', shown, by, what);
  const fields = typeof option === 'string' ? fieldsOf(option, invalid) : { ...option };
  for (const name of Object.keys(fields)) {
    if (FIELDS.includes(name)) continue;
    const similar = similarTo(name, FIELDS);
    throw invalid(`it has no "${name}"${similar ? `, did you mean "${similar}"?` : ''}`);
  }
  const {
    id,
    type,
    source,
    env,
    command,
    shell,
    src = source,
  } = fields as {
    [name in (typeof FIELDS)[number]]?: unknown;
  };
  if (typeof id !== 'string' || id === '') throw invalid('it has no id');
  if (type !== undefined && type !== 'env' && type !== 'file')
    throw invalid(`type is env or file, not ${String(type)}`);
  for (const [name, value] of Object.entries({ src, env }))
    if (value !== undefined && (typeof value !== 'string' || value === '' || value.includes('\0')))
      throw invalid(`${name} has to be a text that is not empty`);
  const named = Object.entries({ src, env, command }).filter(([, value]) => value !== undefined);
  if (named.length > 1)
    throw invalid(`it has ${named.map(([name]) => name).join(' and ')}, and can have one`);
  if (command !== undefined) return { id, source: commandOf(command, shell, invalid) };
  if (shell !== undefined) throw invalid('shell goes with command');
  if (env !== undefined || type === 'env') {
    const name = String(env ?? src ?? id);
    if (!/^[^=\0]+$/.test(name)) throw invalid(`${name} is no name of a variable`);
    return { id, source: { kind: 'env', name } };
  }
  // BuildKit's own: without either, the variable of that name where it is set, else the file.
  const path = pathOf(String(src ?? id), root);
  if (src === undefined && type === undefined && (variables[id] !== undefined || !existsSync(path)))
    return { id, source: { kind: 'env', name: id } };
  return { id, source: { kind: 'file', path } };
}

function commandOf(
  command: unknown,
  shell: unknown,
  invalid: (what: string) => StagesError,
): SecretSource {
  const isText = (value: unknown) =>
    typeof value === 'string' && value.trim() !== '' && !value.includes('\0');
  if (shell === true) {
    if (!isText(command)) throw invalid('with shell, command is one line');
    return { kind: 'command', command: command as string };
  }
  if (shell !== undefined && shell !== false) throw invalid('shell is true or false');
  if (
    !Array.isArray(command) ||
    !isText(command[0]) ||
    command.some((each) => typeof each !== 'string')
  )
    throw invalid(
      'command is a list, the program and its arguments; a line for a shell takes "shell": true',
    );
  return { kind: 'command', command: command as string[] };
}

/** @throws StagesError `SECRET_INVALID` */
export function readSsh(option: string, by: string): SshAgent {
  const invalid = (what: string) => invalidOption('ssh', String(option), by, what);
  if (typeof option !== 'string') throw invalid('it has to be a text, as "default"');
  const equals = option.indexOf('=');
  const id = equals < 0 ? option : option.slice(0, equals);
  const paths =
    equals < 0
      ? []
      : option
          .slice(equals + 1)
          .split(',')
          .filter(Boolean);
  if (id === '') throw invalid('it has no id');
  if (equals >= 0 && paths.length === 0) throw invalid('nothing stands behind "="');
  return { id, paths };
}

/** A path as options write it: `~` is the user's home, else it is relative to the workspace. */
export function pathOf(written: string, root: string): string {
  if (written === '~' || written.startsWith('~/')) return join(homedir(), written.slice(1));
  return resolve(root, written);
}

/** What is wrong with an option, and how it is written right. */
export function invalidOption(
  option: string,
  shown: string,
  by: string,
  what: string,
): StagesError {
  return new StagesError('SECRET_INVALID', {
    message: `${option} of ${by}: ${shown}: ${what}`,
    hint:
      option === 'ssh'
        ? 'Write "default", or "id=path" with a socket or a key'
        : 'Write "id=NAME,env=VARIABLE", "id=NAME,src=FILE" or { "id": "NAME", "command": ["program", "argument"] }',
  });
}

/** `a=b,"c=d,e"`, as BuildKit reads it: one CSV record. */
function fieldsOf(text: string, invalid: (what: string) => StagesError): Record<string, string> {
  const fields: Record<string, string> = {};
  const record = /\s*(?:"((?:[^"]|"")*)"|([^,"]*))(?:,|$)/y;
  while (record.lastIndex < text.length) {
    const match = record.exec(text);
    if (!match) throw invalid('its quotes do not match');
    const field = match[1]?.replaceAll('""', '"') ?? match[2] ?? '';
    const equals = field.indexOf('=');
    if (equals < 0) throw invalid(`"${field}" is no name=value`);
    const name = field.slice(0, equals).toLowerCase();
    if (Object.hasOwn(fields, name)) throw invalid(`it has ${name} twice`);
    if (name === 'command' || name === 'shell')
      throw invalid(`${name} takes the form of an object: { "id": "NAME", "command": ["…"] }`);
    fields[name] = field.slice(equals + 1);
  }
  return fields;
}
