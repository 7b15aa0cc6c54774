import type { CopyFlags, Instruction } from '../assemble/instruction';

/** The instructions as a Dockerfile has them: exec forms, everything quoted that may need it. */
export function render(instructions: readonly Instruction[]): string {
  return instructions.map((instruction) => line(instruction)).join('\n');
}

function line(instruction: Instruction): string {
  switch (instruction.kind) {
    case 'copy':
    case 'add': {
      const { kind, from, sources, heredocs = [], destination } = instruction;
      const names = heredocs.map(({ name }) => `<<${name}`);
      const head = [kind.toUpperCase(), ...(from ? [`--from=${from}`] : []), ...flags(instruction)];
      const text = [...head, ...sources, ...names, destination].join(' ');
      return [text, ...heredocs.map(({ name, content }) => `${content}${name}`)].join('\n');
    }
    case 'workdir':
      return `WORKDIR ${instruction.path}`;
    case 'env':
    case 'label': {
      const pairs = instruction.entries.map(({ key, value }) => `${key}=${JSON.stringify(value)}`);
      return `${instruction.kind.toUpperCase()} ${pairs.join(' ')}`;
    }
    case 'arg':
      return `ARG ${instruction.entries
        .map(({ key, value }) => (value === undefined ? key : `${key}=${value}`))
        .join(' ')}`;
    case 'user':
      return `USER ${instruction.user}`;
    case 'expose':
      return `EXPOSE ${instruction.ports.join(' ')}`;
    case 'cmd':
    case 'entrypoint': {
      const { command } = instruction;
      const text = command.form === 'shell' ? command.text : JSON.stringify(command.arguments);
      return `${instruction.kind.toUpperCase()} ${text}`;
    }
    case 'healthcheck': {
      if (instruction.test[0] === 'NONE') return 'HEALTHCHECK NONE';
      const times = [
        ['interval', instruction.intervalNs],
        ['timeout', instruction.timeoutNs],
        ['start-period', instruction.startPeriodNs],
      ] as const;
      const options = times.flatMap(([name, ns]) => (ns ? [`--${name}=${ns}ns`] : []));
      if (instruction.retries) options.push(`--retries=${instruction.retries}`);
      const [kind, ...rest] = instruction.test;
      const command = kind === 'CMD' ? JSON.stringify(rest) : rest[0];
      return ['HEALTHCHECK', ...options, 'CMD', command].join(' ');
    }
    case 'volume':
      return `VOLUME ${JSON.stringify(instruction.paths)}`;
    case 'stopsignal':
      return `STOPSIGNAL ${instruction.signal}`;
    case 'shell':
      return `SHELL ${JSON.stringify(instruction.shell)}`;
    case 'maintainer':
      return `MAINTAINER ${instruction.name}`;
    default:
      throw new Error(`${instruction.kind} is not assembled`);
  }
}

function flags({ chown, chmod, link }: CopyFlags): string[] {
  return [
    ...(chown ? [`--chown=${chown}`] : []),
    ...(chmod ? [`--chmod=${chmod}`] : []),
    ...(link ? ['--link'] : []),
  ];
}
