import { DockerfileError } from './error';
import type { Arg, From, Instruction } from './instruction/instruction';
import { parseInstruction } from './instruction/parse';
import type { RuleSet } from './rules';
import { newestRules, ruleSets } from './rules';
import type { Directives } from './syntax/lines';
import { readLines } from './syntax/lines';

export interface Dockerfile {
  /** As given to the parser; it stands in errors. */
  file: string;
  /** As given to the parser. */
  source: string;
  /** By which it was read. */
  rules: RuleSet;
  directives: Directives;
  /** ARG before the first FROM. */
  globalArgs: Arg[];
  stages: Stage[];
}

export interface Stage {
  index: number;
  /**
   * Unique in the file: the declared name, or `stage-<index>` for a stage without one and for one
   * whose name a later stage takes over.
   */
  name: string;
  /** Lower case; '' when the stage has none. */
  declaredName: string;
  from: From;
  instructions: Instruction[];
}

/**
 * Reads a Dockerfile as BuildKit's parser does, CRLF and a byte order mark included.
 *
 * @param rules of the builder; without them by the newest, or where these refuse it by older ones
 * @throws DockerfileError with file, line and column for whatever BuildKit refuses before a build:
 *   `SYNTAX`, `UNKNOWN_INSTRUCTION`, `BAD_FLAG`, `NO_STAGE`
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(
  source: string,
  { file, rules }: { file: string; rules?: RuleSet | undefined },
): Dockerfile {
  if (rules !== undefined) return parse(source, file, rules);
  try {
    return parse(source, file, newestRules);
  } catch (refusal) {
    for (const older of ruleSets.filter((each) => each !== newestRules))
      try {
        return parse(source, file, older);
      } catch {
        continue;
      }
    throw refusal;
  }
}

function parse(source: string, file: string, rules: RuleSet): Dockerfile {
  const { directives, lines } = readLines(source, file, rules);
  const { escape } = directives;
  const globalArgs: Arg[] = [];
  const stages: Omit<Stage, 'name'>[] = [];
  for (const line of lines) {
    const instruction = parseInstruction(line, { escape, file, rules });
    if (instruction.keyword === 'FROM') {
      const { name: declaredName } = instruction;
      stages.push({ index: stages.length, declaredName, from: instruction, instructions: [] });
    } else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
    else if (instruction.keyword === 'ARG') globalArgs.push(instruction);
    else
      throw new DockerfileError('NO_STAGE', {
        at: { file, line: line.line, column: line.column },
        message: `no build stage in current context: ${instruction.keyword} before the first FROM`,
        hint: 'only ARG may stand before FROM',
      });
  }
  if (stages.length === 0)
    throw new DockerfileError('NO_STAGE', {
      at: { file, line: 1, column: 1 },
      message: 'dockerfile contains no stages to build',
    });
  return { file, source, rules, directives, globalArgs, stages: named(stages) };
}

function named(stages: Omit<Stage, 'name'>[]): Stage[] {
  const last = new Map(stages.map((stage) => [stage.declaredName, stage.index]));
  return stages.map((stage) => {
    if (stage.declaredName !== '' && last.get(stage.declaredName) === stage.index)
      return { ...stage, name: stage.declaredName };
    let name = `stage-${stage.index}`;
    while (last.has(name)) name += '_';
    return { ...stage, name };
  });
}
