import { heredocText } from '../syntax/heredoc';
import type { Heredoc } from '../syntax/heredoc';
import type { NamedValue } from '../syntax/words';
import type { CommandForm, Copy, Instruction, Run } from '../instruction/instruction';
import type { Mount } from '../instruction/mount';

/**
 * An instruction in normal form: keyword in upper case, flags in a fixed order, comments and line
 * breaks gone. It is a valid instruction again. `mounts` are the normalised --mount values of a RUN.
 */
export function instructionText(
  instruction: Instruction,
  escape: string,
  mounts?: string[],
): string {
  const { keyword } = instruction;
  switch (keyword) {
    case 'COPY':
    case 'ADD':
      return copyText(instruction, escape);
    case 'RUN':
      return runText(instruction, escape, mounts ?? instruction.mounts);
    case 'ENV':
    case 'LABEL':
      return `${keyword} ${instruction.pairs.map((pair) => pairText(pair, instruction.legacy)).join(' ')}`;
    case 'ARG':
      return `ARG ${instruction.args.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(' ')}`;
    case 'FROM':
      return `FROM ${instruction.platform ? `--platform=${instruction.platform} ` : ''}${instruction.image}`;
    case 'CMD':
    case 'ENTRYPOINT':
      return `${keyword} ${commandText(instruction.command)}`.trimEnd();
    case 'HEALTHCHECK': {
      if (instruction.check === 'NONE') return 'HEALTHCHECK NONE';
      const options = instruction.options.map(({ name, value }) => flag(name, value, escape));
      return [keyword, ...options, 'CMD', commandText(instruction.check)].join(' ');
    }
    case 'SHELL':
    case 'VOLUME':
      return `${keyword} ${JSON.stringify(instruction.words)}`;
    case 'EXPOSE':
      return `${keyword} ${instruction.words.join(' ')}`;
    case 'ONBUILD':
      return `ONBUILD ${instruction.trigger ? instructionText(instruction.trigger, escape) : instruction.expression}`;
    default:
      return `${keyword} ${instruction.word}`;
  }
}

function pairText({ name, value }: NamedValue, legacy: boolean): string {
  return legacy ? `${name} ${value}` : `${name}=${value}`;
}

function commandText(command: CommandForm): string {
  return command.form === 'exec' ? JSON.stringify(command.args) : command.command;
}

function flag(name: string, value: string, escape: string): string {
  if (!/[\s"'\\`]/.test(value)) return `--${name}=${value}`;
  const quoted = [...value].map((c) => (c === '"' || c === escape ? escape + c : c)).join('');
  return `--${name}="${quoted}"`;
}

function copyText(copy: Copy, escape: string): string {
  const flags: string[] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) flags.push(flag(name, value, escape));
  };
  add('from', copy.from);
  add('chown', copy.chown);
  add('chmod', copy.chmod);
  add('checksum', copy.checksum);
  if (copy.link) flags.push('--link');
  if (copy.parents) flags.push('--parents');
  if (copy.keepGitDir !== undefined) flags.push(`--keep-git-dir=${copy.keepGitDir}`);
  if (copy.unpack !== undefined) flags.push(`--unpack=${copy.unpack}`);
  for (const pattern of [...copy.exclude]) flags.push(flag('exclude', pattern, escape));
  const marks = copy.heredocs.map(({ name, expand }) => `<<${expand ? name : `"${name}"`}`);
  const words = [...copy.sources, ...marks, copy.destination];
  const args = copy.json ? JSON.stringify(words) : words.join(' ');
  // A heredoc in JSON has no content.
  const bodies = copy.json
    ? []
    : copy.heredocs.map((heredoc) => body(heredoc, heredocText(heredoc)));
  return [[copy.keyword, ...flags, args].join(' '), ...bodies].join('\n');
}

function runText(run: Run, escape: string, mounts: string[]): string {
  const flags = mounts.map((mount) => flag('mount', mount, escape));
  if (run.network && run.network !== 'default') flags.push(`--network=${run.network}`);
  if (run.security && run.security !== 'sandbox') flags.push(`--security=${run.security}`);
  for (const device of run.device) flags.push(flag('device', device, escape));
  const line = ['RUN', ...flags, commandText(run.command)].join(' ').trimEnd();
  return [line, ...run.heredocs.map((heredoc) => body(heredoc, heredoc.content))].join('\n');
}

function body(heredoc: Heredoc, content: string): string {
  return content + heredoc.name;
}

/** A mount in normal form: long names of keys, in a fixed order, a secret by its id. */
export function mountText({ type, from, source, target, id, env, rest }: Mount): string {
  const bySource = type === 'secret' && id === undefined;
  const fields: Record<string, string | undefined> = {
    type,
    from,
    source: bySource ? undefined : source,
    target,
    id: bySource ? source : id,
    env,
    ...Object.fromEntries(Object.entries(rest).sort()),
  };
  return Object.entries(fields)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, value]) => csvField(`${key}=${value}`))
    .join(',');
}

function csvField(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
