import { parseDuration } from '@excel2doc/go-text';
import type {
  Command,
  ResolvedCopy,
  ResolvedInstruction,
  ResolvedRun,
} from '../instruction/resolved';
import type {
  CommandForm,
  Copy,
  Healthcheck,
  Instruction,
  InstructionOf,
} from '../instruction/instruction';
import { parseMount } from '../instruction/mount';
import { parseInstruction } from '../instruction/parse';
import type { StagePlan } from '../plan';
import { newestRules } from '../rules';
import { Scope } from '../stage/scope';
import { readLines } from '../syntax/lines';

const FILE = 'plan';

/**
 * A plan's instructions with every variable substituted, as one who carries them out without BuildKit
 * needs them.
 *
 * @param env the environment that the base's config hands down
 */
export function resolveInstructions(
  plan: Pick<StagePlan, 'frontend' | 'instructions' | 'args'>,
  env: Readonly<Record<string, string>>,
): ResolvedInstruction[] {
  const escape = plan.frontend?.escape ?? '\\';
  const rules = plan.frontend?.rules ?? newestRules;
  const scope = new Scope(Object.entries(env), false, rules);
  return plan.instructions.map(({ text }, at) => {
    const directive = escape === '\\' ? '' : `# escape=${escape}\n`;
    const [line] = readLines(`${directive}${text}\n`, FILE, rules).lines;
    const instruction = parseInstruction(line!, { escape, file: FILE, rules });
    return new Resolution(scope, escape, plan.args, at + 1).resolve(instruction);
  });
}

class Resolution {
  constructor(
    private readonly scope: Scope,
    private readonly escape: string,
    private readonly args: Record<string, string>,
    /** Which of the plan's instructions it is, from 1. */
    private readonly line: number,
  ) {}

  resolve(instruction: Instruction): ResolvedInstruction {
    const { line } = this;
    switch (instruction.keyword) {
      case 'ARG':
        return { kind: 'arg', entries: this.declare(instruction.args), line };
      case 'ENV': {
        const entries = this.pairs(instruction.pairs);
        for (const { key, value } of entries) this.scope.set(key, value);
        return { kind: 'env', entries, line };
      }
      case 'LABEL':
        return { kind: 'label', entries: this.pairs(instruction.pairs), line };
      case 'COPY':
        return { kind: 'copy', ...this.copy(instruction) };
      case 'ADD': {
        const { checksum, keepGitDir } = instruction;
        return {
          kind: 'add',
          ...this.copy(instruction),
          ...(checksum !== undefined && { checksum: this.expand(checksum) }),
          ...(keepGitDir !== undefined && { keepGitDir }),
        };
      }
      case 'WORKDIR':
        return { kind: 'workdir', path: this.expand(instruction.word), line };
      case 'USER':
        return { kind: 'user', user: this.expand(instruction.word), line };
      case 'STOPSIGNAL':
        return { kind: 'stopsignal', signal: this.expand(instruction.word), line };
      case 'EXPOSE':
        return { kind: 'expose', ports: this.words(instruction.words), line };
      case 'VOLUME':
        return { kind: 'volume', paths: instruction.words.map((word) => this.expand(word)), line };
      case 'SHELL':
        return { kind: 'shell', shell: instruction.words, line };
      case 'MAINTAINER':
        return { kind: 'maintainer', name: instruction.word, line };
      case 'CMD':
        return { kind: 'cmd', command: command(instruction.command), line };
      case 'ENTRYPOINT':
        return { kind: 'entrypoint', command: command(instruction.command), line };
      case 'HEALTHCHECK':
        return { kind: 'healthcheck', ...healthcheck(instruction), line };
      case 'RUN':
        return this.run(instruction);
      case 'ONBUILD':
        return { kind: 'onbuild', line };
      default:
        return { kind: 'other', name: instruction.keyword, line };
    }
  }

  private run({ mounts, network, security, device, heredocs }: InstructionOf<'RUN'>): ResolvedRun {
    return {
      kind: 'run',
      mounts: mounts.map((mount) => parseMount(mount, (word) => this.expand(word))),
      ...(network !== undefined && { network }),
      extras: [
        ...(heredocs.length > 0 ? ['a heredoc'] : []),
        ...(security === 'insecure' ? ['--security=insecure'] : []),
        ...(device.length > 0 ? ['--device'] : []),
      ],
      line: this.line,
    };
  }

  private expand(word: string): string {
    return this.scope.expand(word, this.escape).text;
  }

  /** A variable may hold several ports. */
  private words(words: string[]): string[] {
    return words.flatMap((word) => this.scope.expand(word, this.escape).words);
  }

  private pairs(pairs: { name: string; value: string }[]) {
    // All pairs of one instruction see the values from before it.
    return pairs.map(({ name, value }) => ({ key: this.expand(name), value: this.expand(value) }));
  }

  private declare(args: { name: string; value?: string }[]) {
    const early = args.map(({ value }) =>
      value === undefined || this.scope.rules >= 34 ? undefined : this.expand(value),
    );
    return args.map(({ name, value: written }, index) => {
      const given = Object.hasOwn(this.args, name) ? this.args[name] : early[index];
      const value = given ?? (written === undefined ? undefined : this.expand(written));
      if (value === undefined) return { key: name };
      this.scope.set(name, value);
      return { key: name, value };
    });
  }

  private copy(copy: Copy): ResolvedCopy {
    const { from, chown, chmod, link, parents, exclude, heredocs } = copy;
    return {
      sources: copy.sources.map((source) => this.expand(source)),
      destination: this.expand(copy.destination),
      line: this.line,
      link,
      ...(from !== undefined && { from: this.expand(from) }),
      ...(chown !== undefined && { chown: this.expand(chown) }),
      ...(chmod !== undefined && { chmod: this.scope.rules >= 34 ? this.expand(chmod) : chmod }),
      ...(parents && { parents }),
      ...(exclude.length > 0 && { exclude }),
      ...(heredocs.length > 0 && {
        heredocs: heredocs.map(({ name, content, expand }) => ({
          name,
          content: expand ? this.scope.expandHeredoc(content).text : content,
        })),
      }),
    };
  }
}

function command(form: CommandForm): Command {
  return form.form === 'exec'
    ? { form: 'exec', arguments: form.args }
    : { form: 'shell', text: form.command };
}

function healthcheck({ check, options }: Healthcheck) {
  if (check === 'NONE') return { test: ['NONE'] };
  const test = check.form === 'exec' ? ['CMD', ...check.args] : ['CMD-SHELL', check.command];
  const value = (name: string) => options.find((option) => option.name === name)?.value;
  const time = <K extends string>(key: K, name: string) => {
    const text = value(name);
    return text === undefined ? {} : ({ [key]: parseDuration(text)! } as Record<K, number>);
  };
  const retries = value('retries');
  return {
    test,
    ...time('intervalNs', 'interval'),
    ...time('timeoutNs', 'timeout'),
    ...time('startPeriodNs', 'start-period'),
    ...time('startIntervalNs', 'start-interval'),
    ...(retries !== undefined && { retries: Number(retries) }),
  };
}
