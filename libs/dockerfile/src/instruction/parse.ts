import { trimSpace } from '@excel2doc/go-text';
import { DockerfileError } from '../error';
import type { LogicalLine } from '../syntax/lines';
import type { Heredoc } from '../syntax/heredoc';
import { heredocMark } from '../syntax/heredoc';
import {
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
import { checkMount } from './mount';

/**
 * One logical line as an instruction.
 *
 * @throws DockerfileError `UNKNOWN_INSTRUCTION`, `BAD_FLAG` or `SYNTAX`, with BuildKit's message
 */
export function parseInstruction(line: LogicalLine, escape: string, file: string): Instruction {
  const at = { file, line: line.line, column: line.column };
  try {
    return parse(line.text, line, escape, at);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    const flag = error instanceof FlagProblem;
    throw new DockerfileError(flag ? 'BAD_FLAG' : 'SYNTAX', {
      at,
      message: error.message,
      hint: flag ? error.hint : undefined,
    });
  }
}

interface Request {
  keyword: Keyword;
  flags: string[];
  rest: string;
  escape: string;
  heredocs: Heredoc[];
}

function parse(
  text: string,
  { line, column, heredocs }: LogicalLine,
  escape: string,
  at: { file: string; line: number; column: number },
): Instruction {
  const { word, flags, rest } = splitCommand(text, escape);
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
    const trigger = parse(rest, { text: rest, line, endLine: line, column, heredocs }, escape, at);
    if (trigger.keyword === 'ONBUILD')
      throw new SyntaxProblem("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger.keyword === 'FROM' || trigger.keyword === 'MAINTAINER')
      throw new SyntaxProblem(`${trigger.keyword} isn't allowed as an ONBUILD trigger`);
    return { ...placed, keyword, trigger };
  }
  return { ...placed, ...fields({ keyword, flags, rest, escape, heredocs }) } as Instruction;
}

type Fields = Omit<Instruction, 'line' | 'column' | 'original'> & Record<string, unknown>;

function fields(request: Request): Fields {
  const { keyword, flags, rest, escape, heredocs } = request;
  if (keyword === 'COPY' || keyword === 'ADD') return copyFields(keyword, request);
  if (keyword === 'FROM') return fromFields(request);
  if (keyword === 'RUN') {
    const read = readFlags(flags, {
      mount: 'texts',
      network: 'text',
      security: 'text',
      device: 'texts',
    });
    const mounts = read.texts('mount');
    mounts.forEach(checkMount);
    const network = read.text('network');
    const security = read.text('security');
    if (network !== undefined && !['default', 'none', 'host'].includes(network))
      throw new FlagProblem(`network "${network}" is not supported`);
    if (security !== undefined && !['sandbox', 'insecure'].includes(security))
      throw new FlagProblem(`security "${security}" is not supported`);
    const command = commandForm(rest);
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
  if (keyword === 'HEALTHCHECK') return parseHealthcheck(flags, rest);
  readFlags(flags, {});
  switch (keyword) {
    case 'ENV':
    case 'LABEL':
      return { keyword, ...splitPairs(rest, keyword, escape) };
    case 'ARG':
      return { keyword, args: argNames(splitWords(rest, escape)) };
    case 'CMD':
    case 'ENTRYPOINT':
      return { keyword, command: commandForm(rest) };
    case 'SHELL': {
      const words = jsonStrings(rest);
      if (words === undefined && rest !== '')
        throw new SyntaxProblem(`SHELL requires the arguments to be in JSON form`);
      return { keyword, words: atLeastOne(keyword, words ?? []) };
    }
    case 'VOLUME': {
      const words = atLeastOne(keyword, jsonStrings(rest) ?? splitBlanks(rest)).map(trimSpace);
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

export function commandForm(rest: string): CommandForm {
  const args = jsonStrings(rest);
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

function copyFields(keyword: 'COPY' | 'ADD', { flags, rest, heredocs }: Request): Fields {
  const json = jsonStrings(rest);
  const args = json ?? splitBlanks(rest);
  if (args.length < 2)
    throw new SyntaxProblem(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  const read = readFlags(flags, keyword === 'COPY' ? copyFlags : addFlags);
  const destination = args.at(-1)!;
  if (heredocMark(destination))
    throw new SyntaxProblem(`${keyword} cannot accept a heredoc as a destination`);
  const sources = args.slice(0, -1).filter((source) => json !== undefined || !heredocMark(source));
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
    heredocs,
    json: json !== undefined,
    link: read.boolean('link') ?? false,
    parents: read.boolean('parents') ?? false,
    exclude: read.texts('exclude'),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  } as Fields;
}
