import { trimSpace } from '@excel2doc/go-text';
import { DockerfileError } from '../error';
import type { RuleSet } from '../rules';
import type { LogicalLine } from '../syntax/lines';
import type { Heredoc } from '../syntax/heredoc';
import { heredocMark } from '../syntax/heredoc';
import {
  ParserProblem,
  SyntaxProblem,
  jsonStrings,
  splitBlanks,
  splitCommand,
  splitPairs,
  splitWords,
} from '../syntax/words';
import type { FlagKind } from './flags';
import { FlagProblem, readFlags } from './flags';
import type { CommandForm, Instruction } from './instruction';
import type { Keyword } from './keyword';
import { isKeyword, keywords, similarTo } from './keyword';
import { parseHealthcheck } from './healthcheck';
import { checkDevice } from './device';
import { checkMount } from './mount';

/**
 * One logical line as an instruction.
 *
 * @throws DockerfileError `UNKNOWN_INSTRUCTION`, `BAD_FLAG` or `SYNTAX`, with BuildKit's message
 */
export function parseInstruction(
  line: LogicalLine,
  { escape, file, rules }: { escape: string; file: string; rules: RuleSet },
): Instruction {
  const at = { file, line: line.line, column: line.column };
  try {
    return parse(line.text, line, { escape, rules }, at);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw located(error, at);
  }
}

function located(
  error: SyntaxProblem,
  at: { file: string; line: number; column: number },
): DockerfileError {
  const flag = error instanceof FlagProblem;
  return new DockerfileError(flag ? 'BAD_FLAG' : 'SYNTAX', {
    at,
    message: error.message,
    hint: flag ? error.hint : undefined,
  });
}

interface Request {
  keyword: Keyword;
  flags: string[];
  rest: string;
  escape: string;
  rules: RuleSet;
  heredocs: Heredoc[];
}

function parse(
  text: string,
  { line, column, heredocs }: LogicalLine,
  reading: { escape: string; rules: RuleSet },
  at: { file: string; line: number; column: number },
): Instruction {
  const { word, flags, rest } = splitCommand(text, reading.escape, reading.rules);
  const keyword = word.toUpperCase();
  if (!isKeyword(keyword)) {
    const meant = similarTo(keyword, keywords);
    throw new DockerfileError('UNKNOWN_INSTRUCTION', {
      at,
      message: `unknown instruction: ${word}`,
      hint: meant ? `did you mean ${meant}?` : undefined,
    });
  }
  const placed = { line, column, original: trimSpace(text) };
  if (keyword === 'ONBUILD') {
    if (rest === '') throw new SyntaxProblem('ONBUILD requires at least one argument');
    readFlags(flags, {});
    const inner = splitCommand(rest, reading.escape, reading.rules).word.toUpperCase();
    if (inner === 'ONBUILD')
      throw new SyntaxProblem("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (inner === 'FROM' || inner === 'MAINTAINER')
      throw new SyntaxProblem(`${inner} isn't allowed as an ONBUILD trigger`);
    const logical = { text: rest, line, endLine: line, column, heredocs };
    return { ...placed, keyword, expression: rest, ...triggerOf(logical, reading, at) };
  }
  return { ...placed, ...fields({ keyword, flags, rest, ...reading, heredocs }) } as Instruction;
}

/** BuildKit checks a trigger where it runs, but for what its parser alone finds. */
function triggerOf(
  logical: LogicalLine,
  reading: { escape: string; rules: RuleSet },
  at: { file: string; line: number; column: number },
): { trigger: Instruction } | { problem: DockerfileError } {
  try {
    return { trigger: parse(logical.text, logical, reading, at) };
  } catch (error) {
    if (error instanceof DockerfileError) return { problem: error };
    if (!(error instanceof SyntaxProblem) || error instanceof ParserProblem) throw error;
    refuseForParser(splitCommand(logical.text, reading.escape, reading.rules), reading);
    return { problem: located(error, at) };
  }
}

const takesJson = ['ADD', 'CMD', 'COPY', 'ENTRYPOINT', 'RUN', 'SHELL', 'VOLUME'];

/** @throws ParserProblem for what BuildKit's parser refuses, which reads no flags */
function refuseForParser(
  { word, rest }: { word: string; rest: string },
  { escape, rules }: { escape: string; rules: RuleSet },
): void {
  const keyword = word.toUpperCase();
  try {
    if (takesJson.includes(keyword)) jsonStrings(rest, rules);
    if (keyword === 'ENV' || keyword === 'LABEL') splitPairs(rest, keyword, escape);
  } catch (error) {
    if (error instanceof ParserProblem || !(error instanceof SyntaxProblem)) throw error;
  }
}

type Fields = Omit<Instruction, 'line' | 'column' | 'original'> & Record<string, unknown>;

function fields(request: Request): Fields {
  const { keyword, flags, rest, escape, rules, heredocs } = request;
  if (keyword === 'COPY' || keyword === 'ADD') return copyFields(keyword, request);
  if (keyword === 'FROM') return fromFields(request);
  if (keyword === 'RUN') {
    const read = readFlags(flags, {
      mount: 'texts',
      network: 'text',
      ...(rules >= 34 && { security: 'text', device: 'texts' }),
    });
    const mounts = read.texts('mount');
    mounts.forEach(checkMount);
    read.texts('device').forEach(checkDevice);
    const network = read.text('network');
    const security = read.text('security');
    if (network !== undefined && !['default', 'none', 'host'].includes(network))
      throw new FlagProblem(`network "${network}" is not supported`);
    if (security !== undefined && !['sandbox', 'insecure'].includes(security))
      throw new FlagProblem(`security "${security}" is not supported`);
    const command = commandForm(rest, rules);
    if (command.form === 'exec' && command.args.length === 0)
      throw new SyntaxProblem('arguments are required');
    return {
      keyword,
      command,
      heredocs,
      mounts,
      network,
      security,
      device: read.texts('device'),
    };
  }
  if (keyword === 'HEALTHCHECK') return parseHealthcheck(flags, rest, rules);
  readFlags(flags, {});
  switch (keyword) {
    case 'ENV':
    case 'LABEL':
      return { keyword, ...splitPairs(rest, keyword, escape) };
    case 'ARG':
      return { keyword, args: argNames(splitWords(rest, escape)) };
    case 'CMD':
    case 'ENTRYPOINT':
      return { keyword, command: commandForm(rest, rules) };
    case 'SHELL': {
      const words = jsonStrings(rest, rules);
      if (words === undefined && rest !== '')
        throw new SyntaxProblem(`SHELL requires the arguments to be in JSON form`);
      return { keyword, words: atLeastOne(keyword, words ?? []) };
    }
    case 'VOLUME': {
      const words = atLeastOne(keyword, jsonStrings(rest, rules) ?? splitBlanks(rest)).map(
        trimSpace,
      );
      if (words.includes(''))
        throw new SyntaxProblem('VOLUME specified can not be an empty string');
      return { keyword, words };
    }
    case 'EXPOSE':
      return { keyword, words: atLeastOne(keyword, splitBlanks(rest)).sort() };
    default:
      if (rest === '') throw new SyntaxProblem(`${keyword} requires exactly one argument`);
      return { keyword, word: rest } as Fields;
  }
}

function atLeastOne(keyword: string, words: string[]): string[] {
  if (words.length === 0) throw new SyntaxProblem(`${keyword} requires at least one argument`);
  return words;
}

function argNames(words: string[]): { name: string; value?: string }[] {
  return atLeastOne('ARG', words).map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) return { name: word };
    if (equals === 0) throw new SyntaxProblem('ARG names can not be blank');
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function commandForm(rest: string, rules: RuleSet): CommandForm {
  const args = jsonStrings(rest, rules);
  return args ? { form: 'exec', args } : { form: 'shell', command: rest };
}

function fromFields({ keyword, flags, rest }: Request): Fields {
  const args = splitBlanks(rest);
  const [image, as, name] = args;
  let stage = '';
  if (args.length === 3 && as!.toLowerCase() === 'as') {
    stage = name!.toLowerCase();
    if (!/^[a-z][a-z0-9\-_.]*$/.test(stage))
      throw new SyntaxProblem(
        `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
      );
  } else if (args.length !== 1) {
    throw new SyntaxProblem('FROM requires either one or three arguments');
  }
  const platform = readFlags(flags, { platform: 'text' }).text('platform');
  return { keyword, image, name: stage, ...(platform && { platform }) } as Fields;
}

const copyFlags: Record<string, FlagKind> = {
  from: 'text',
  chown: 'text',
  chmod: 'text',
  link: 'boolean',
  parents: 'boolean',
  exclude: 'texts',
};
const addFlags: Record<string, FlagKind> = {
  chown: 'text',
  chmod: 'text',
  link: 'boolean',
  'keep-git-dir': 'boolean',
  checksum: 'text',
  unpack: 'boolean',
  exclude: 'texts',
};

/** --parents, --exclude and --unpack came later. */
function knownFlags(keyword: 'COPY' | 'ADD', rules: RuleSet): Record<string, FlagKind> {
  const all = keyword === 'COPY' ? copyFlags : addFlags;
  if (rules >= 34) return all;
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !['parents', 'exclude', 'unpack'].includes(name)),
  );
}

function copyFields(keyword: 'COPY' | 'ADD', { flags, rest, rules, heredocs }: Request): Fields {
  const json = jsonStrings(rest, rules);
  const args = json ?? splitBlanks(rest);
  if (args.length < 2)
    throw new SyntaxProblem(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  const read = readFlags(flags, knownFlags(keyword, rules));
  const destination = args.at(-1)!;
  if (heredocMark(destination, rules))
    throw new SyntaxProblem(`${keyword} cannot accept a heredoc as a destination`);
  const marked = args.slice(0, -1).map((word) => ({ word, mark: heredocMark(word, rules) }));
  const sources = marked.flatMap(({ word, mark }) => (mark ? [] : [word]));
  const optional = {
    from: read.text('from'),
    chown: read.text('chown'),
    chmod: read.text('chmod'),
    checksum: read.text('checksum'),
    keepGitDir: read.boolean('keep-git-dir'),
    unpack: read.boolean('unpack'),
  };
  return {
    keyword,
    sources,
    destination,
    // BuildKit looks a mark's content up by its name; in JSON there is none.
    heredocs: marked.flatMap(({ mark }) => {
      if (!mark) return [];
      const content = heredocs.findLast(({ name }) => name === mark.name)?.content ?? '';
      return [{ ...mark, content }];
    }),
    json: json !== undefined,
    link: read.boolean('link') ?? false,
    parents: read.boolean('parents') ?? false,
    exclude: read.texts('exclude'),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  } as Fields;
}
