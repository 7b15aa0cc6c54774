import type { Dockerfile } from '../dockerfile';
import type { CommandForm, Copy, Instruction } from '../instruction/instruction';
import { newestRules } from '../rules';
import type { EvaluatedStage, Step } from './step';

/**
 * Whether a Dockerfile uses nothing that any two rule sets read differently, so that it need not be
 * read by each of them. It knows what is harmless, not what differs: false says nothing.
 *
 * @param stages as the newest rules have them
 */
export function isReadAlike(dockerfile: Dockerfile, stages: readonly EvaluatedStage[]): boolean {
  const { source, rules, directives, globalArgs } = dockerfile;
  return (
    rules === newestRules &&
    directives.escape === '\\' &&
    directives.check === undefined &&
    !source.includes('<<') &&
    globalArgs.every(isPlain) &&
    stages.every(isPlainStage)
  );
}

function isPlainStage({ stage, base, steps, fault }: EvaluatedStage): boolean {
  const hasTriggers =
    base.kind === 'image' && Array.isArray(base.onbuild) && base.onbuild.length > 0;
  return (
    !fault &&
    !hasTriggers &&
    isPlain(stage.from) &&
    stage.instructions.every(isPlain) &&
    steps.every(readsPaths)
  );
}

/** What one rule set gives a meaning, and another does not. */
const newerName = /TARGETSTAGE|OSVERSION|SOURCE_DATE_EPOCH/;

function isPlain(instruction: Instruction): boolean {
  return !newerName.test(substituted(instruction)) && isPlainText(instruction);
}

/** Of an instruction, what a builder looks for variables in: what a shell reads is not. */
function substituted(instruction: Instruction): string {
  switch (instruction.keyword) {
    case 'RUN':
      return instruction.mounts.join('\n');
    case 'CMD':
    case 'ENTRYPOINT':
    case 'HEALTHCHECK':
      return '';
    default:
      return instruction.original;
  }
}

function isPlainText(instruction: Instruction): boolean {
  switch (instruction.keyword) {
    case 'FROM':
      return isPlainWord(instruction.image) && isPlainWord(instruction.platform);
    case 'ARG':
      return (
        (instruction.args.length === 1 ||
          instruction.args.every(({ value }) => value === undefined)) &&
        instruction.args.every(({ name, value }) => /^\w+$/.test(name) && isPlainWord(value))
      );
    case 'ENV':
    case 'LABEL':
      return instruction.pairs.every(({ name, value }) => isPlainWord(name) && isPlainWord(value));
    case 'WORKDIR':
    case 'USER':
    case 'STOPSIGNAL':
      return isPlainWord(instruction.word);
    case 'EXPOSE':
      return instruction.words.every((word) => /^\d+(?:-\d+)?(?:\/(?:tcp|udp|sctp))?$/.test(word));
    case 'VOLUME':
      return instruction.words.every((word) => isPlainWord(word) && !word.startsWith('['));
    case 'COPY':
    case 'ADD':
      return isPlainCopy(instruction);
    case 'RUN': {
      const { mounts, security, device, heredocs, command } = instruction;
      return (
        security === undefined &&
        device.length === 0 &&
        heredocs.length === 0 &&
        isPlainCommand(command) &&
        mounts.every((mount) => isPlainWord(mount) && !/(?:^|,)"?env=/i.test(mount))
      );
    }
    case 'CMD':
    case 'ENTRYPOINT':
      return isPlainCommand(instruction.command);
    case 'HEALTHCHECK':
      return instruction.check === 'NONE' || isPlainCommand(instruction.check);
    case 'ONBUILD':
      return false;
    default:
      return true;
  }
}

/** What starts like JSON and is none may be JSON with something behind it. */
function isPlainCommand(command: CommandForm): boolean {
  return command.form === 'exec' || !command.command.startsWith('[');
}

function isPlainCopy(copy: Copy): boolean {
  const { sources, destination, chown, chmod, json } = copy;
  const isNewer =
    copy.parents ||
    copy.exclude.length > 0 ||
    copy.unpack !== undefined ||
    copy.keepGitDir !== undefined ||
    copy.checksum !== undefined;
  const words = [...sources, destination];
  return (
    !isNewer &&
    copy.heredocs.length === 0 &&
    (chmod === undefined || /^0?[0-7]{3}$/.test(chmod)) &&
    isPlainWord(chown) &&
    words.every((word) => isPlainWord(word) && (json || !word.startsWith('[')))
  );
}

const plainWord =
  /^(?:[^$\\'"<]|\\[^]|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*(?::?[-+][^$\\'"<{}]*)?\}|'[^'<]*'|"(?:[^$\\"<]|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})*")*$/;

/** Whether it has no more than quotes, escapes and the substitutions that never changed. */
function isPlainWord(word: string | undefined): boolean {
  return word === undefined || plainWord.test(word);
}

/** Whether no source is a git repository to any builder. */
function readsPaths({ instruction, values }: Step): boolean {
  if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return true;
  const known = new Map(values);
  return instruction.sources.every((source) => {
    const text = known.has(source) ? known.get(source) : source;
    return text === undefined || !/\.git(?:[?#]|$)/.test(text);
  });
}
