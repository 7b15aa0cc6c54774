import { parseDockerfile } from '../src/dockerfile';
import { DockerfileError } from '../src/error';
import type { CommandForm, Instruction } from '../src/instruction/instruction';
import type { RuleSet } from '../src/rules';
import type { Heredoc } from '../src/syntax/heredoc';
import { heredocText } from '../src/syntax/heredoc';
import type { Answer } from './oracle';

/** What the library's parser makes of a text, in the form of the Go program's answer. */
export function libraryParses(rules: RuleSet, text: string): Answer['stages'] | string {
  try {
    const { stages } = parseDockerfile(text, { file: 'Dockerfile', rules });
    return stages.map(({ declaredName, from, instructions }) => ({
      name: declaredName,
      base: from.image,
      platform: from.platform ?? '',
      commands: instructions.map(fieldsOf),
    }));
  } catch (error) {
    if (error instanceof DockerfileError) return error.message;
    throw error;
  }
}

function fieldsOf(instruction: Instruction): Record<string, unknown> {
  const { keyword } = instruction;
  switch (instruction.keyword) {
    case 'COPY':
    case 'ADD': {
      const { sources, destination, heredocs, from, chown, chmod, link } = instruction;
      const flags = [from ?? '', chown ?? '', chmod ?? '', String(link)];
      const contents = heredocs.map((each) => `${each.name}\n${heredocText(each)}`);
      const checksum = keyword === 'ADD' ? { checksum: instruction.checksum ?? '' } : {};
      return { keyword, sources, destination, heredocs: contents, flags, ...checksum };
    }
    case 'ENV':
    case 'LABEL':
      return { keyword, pairs: instruction.pairs.map(({ name, value }) => `${name}=${value}`) };
    case 'ARG':
      return {
        keyword,
        words: instruction.args.map(({ name, value }) =>
          value === undefined ? name : `${name}=${value}`,
        ),
      };
    case 'RUN':
      return {
        keyword,
        words: wordsOf(instruction.command),
        heredocs: instruction.heredocs.map(body),
      };
    case 'CMD':
    case 'ENTRYPOINT':
      return { keyword, words: wordsOf(instruction.command) };
    case 'EXPOSE':
    case 'VOLUME':
      return { keyword, words: instruction.words };
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
      return { keyword, words: [instruction.word] };
    default:
      return { keyword };
  }
}

const body = ({ name, content }: Heredoc) => `${name}\n${content}`;

function wordsOf(command: CommandForm): string[] {
  if (command.form === 'exec') return command.args;
  return command.command === '' ? [] : [command.command];
}

/** The same of BuildKit's answer: Go has no list where there is nothing in it. */
export function buildkitParses({ stages = [] }: Answer): Answer['stages'] {
  return stages.map((stage) => ({
    ...stage,
    commands: stage.commands.map((fields) =>
      Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value ?? []])),
    ),
  }));
}
