import { DockerfileError } from '../error';
import type { RuleSet } from '../rules';
import { isSpace, trimStart } from '@excel2doc/go-text';
import type { Heredoc } from './heredoc';
import { heredocMarks } from './heredoc';
import { jsonStrings, splitCommand } from './words';

export interface Directives {
  escape: string;
  syntax?: string;
  check?: string;
}

/** An instruction with its continuation lines joined and its heredocs read. */
export interface LogicalLine {
  /** Without comments, continuation characters and line ends. */
  text: string;
  line: number;
  endLine: number;
  /** Of the keyword, from 1. */
  column: number;
  heredocs: Heredoc[];
}

const mayHoldHeredoc = new Set(['ADD', 'COPY', 'RUN']);

/**
 * The logical lines of a Dockerfile, as BuildKit's parser cuts them.
 *
 * @throws DockerfileError `SYNTAX` for a bad directive, a heredoc without an end, an empty file
 * @see https://docs.docker.com/reference/dockerfile/#format
 */
export function readLines(
  source: string,
  file: string,
  rules: RuleSet,
): { directives: Directives; lines: LogicalLine[] } {
  const physical = source.replace(/^\ufeff/, '').match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const tooLong = physical.findIndex((line) => byteLength(line) > longestLine);
  if (tooLong >= 0)
    throw new DockerfileError('SYNTAX', {
      at: { file, line: tooLong + 1, column: 1 },
      message: `dockerfile line greater than max allowed size of ${longestLine}`,
      hint: 'break it with a \\ at the end',
    });
  const directives = readDirectives(physical, file, rules);
  const lines: LogicalLine[] = [];
  for (let at = 0; at < physical.length;) {
    const read = logicalLine(physical, at, { escape: directives.escape, file, rules });
    at = read.next;
    if (read.line) lines.push(read.line);
  }
  if (lines.length === 0)
    throw new DockerfileError('SYNTAX', {
      at: { file, line: 1, column: 1 },
      message: 'file with no instructions',
    });
  return { directives, lines };
}

const directive = /^#[^\S\n]*([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$/;

function readDirectives(physical: string[], file: string, rules: RuleSet): Directives {
  const found: Directives = { escape: '\\' };
  const seen = new Set<string>();
  for (const [index, line] of physical.entries()) {
    const [, rawName, value] = directive.exec(trimStart(chomp(line))) ?? [];
    const name = rawName?.toLowerCase();
    if (value === undefined || !isKnown(name, rules)) break;
    const fail = (message: string) =>
      new DockerfileError('SYNTAX', { at: { file, line: index + 1, column: 1 }, message });
    if (seen.has(name)) throw fail(`only one ${name} parser directive can be used`);
    seen.add(name);
    if (name === 'escape' && value !== '\\' && value !== '`')
      throw fail(`invalid escape token '${value}' does not match \` or \\`);
    found[name] = value;
  }
  return found;
}

function isKnown(name: string | undefined, rules: RuleSet): name is 'syntax' | 'escape' | 'check' {
  return name === 'syntax' || name === 'escape' || (name === 'check' && rules >= 34);
}

function chomp(line: string): string {
  return line.replace(/[\r\n]+$/, '');
}

function isComment(line: string): boolean {
  return trimStart(line).startsWith('#');
}

function continued(line: string, escape: string): string | undefined {
  const cut = line.replace(/[ \t]+$/, '');
  if (!cut.endsWith(escape)) return undefined;
  // A doubled one is an escaped escape character, no continuation.
  return cut.at(-2) === escape ? undefined : cut.slice(0, -1);
}

/** Of a line in bytes. */
const longestLine = 65_535;

function byteLength(line: string): number {
  // Most lines are far from it, however many bytes a character takes.
  return line.length * 3 <= longestLine ? 0 : Buffer.byteLength(line.replace(/\n$/, ''));
}

interface Reading {
  escape: string;
  file: string;
  rules: RuleSet;
}

function logicalLine(physical: string[], start: number, reading: Reading) {
  const { escape } = reading;
  const first = chomp(physical[start]!);
  const stripped = isComment(first) ? '' : trimStart(first);
  let at = start + 1;
  let rest = continued(stripped, escape);
  let text = rest ?? stripped;
  if (rest === undefined && text === '') return { next: at };
  while (rest !== undefined && at < physical.length) {
    const line = chomp(physical[at++]!);
    if (isComment(line) || trimStart(line) === '') continue;
    rest = continued(line, escape);
    text += rest ?? line;
  }
  const line: LogicalLine = {
    text,
    line: start + 1,
    endLine: at,
    column: 1 + [...first].findIndex((character) => !isSpace(character)),
    heredocs: [],
  };
  if (opensHeredoc(text, reading)) at = readHeredocs(line, physical, at, reading);
  return { next: at, line };
}

function opensHeredoc(text: string, { escape, rules }: Reading): boolean {
  if (!text.includes('<<')) return false;
  let { word, rest } = splitCommand(text, escape, rules);
  if (word.toUpperCase() === 'ONBUILD') ({ word, rest } = splitCommand(rest, escape, rules));
  if (!mayHoldHeredoc.has(word.toUpperCase())) return false;
  try {
    return jsonStrings(rest, rules) === undefined;
  } catch {
    return true;
  }
}

function readHeredocs(
  line: LogicalLine,
  physical: string[],
  start: number,
  { file, rules }: Reading,
): number {
  let at = start;
  for (const mark of heredocMarks(line.text, rules)) {
    let content = '';
    for (;;) {
      const raw = physical[at++];
      if (raw === undefined)
        throw new DockerfileError('SYNTAX', {
          at: { file, line: line.line, column: line.column },
          message: 'unterminated heredoc',
          hint: `no line holds just ${mark.name}`,
        });
      const end = mark.chomp ? chomp(raw).replace(/^\t+/, '') : chomp(raw);
      if (end === mark.name) break;
      content += raw;
    }
    line.heredocs.push({ ...mark, content });
  }
  line.endLine = at;
  return at;
}
