import type { Question } from './answer';
import type { ChildOptions } from './child';

export interface RunOptions
  extends Question, Pick<ChildOptions, 'signal' | 'timeoutMs' | 'input' | 'output'> {
  image: string;
  command?: string[];
  entrypoint?: string;
  /** Variables of the container. */
  variables?: Record<string, string>;
  /** As `docker run --mount` takes them. */
  mounts?: string[];
  tmpfs?: string[];
  network?: string;
  /** Names that the container resolves, each with its address. */
  hosts?: Record<string, string>;
  user?: string;
  workdir?: string;
  platform?: string;
  readOnly?: boolean;
  /** Also take an image that would have to be pulled. */
  pull?: boolean;
}

/** The arguments of `docker run` for `options`. */
export function runArguments(options: RunOptions): string[] {
  const each = (flag: string, values: string[] = []) => values.flatMap((value) => [flag, value]);
  const one = (flag: string, value: string | undefined) => (value ? [flag, value] : []);
  const variables = Object.entries(options.variables ?? {}).map(
    ([name, value]) => `${name}=${value}`,
  );
  return [
    'run',
    '--rm',
    `--pull=${options.pull ? 'missing' : 'never'}`,
    ...(options.output === 'terminal' ? ['--interactive', '--tty'] : []),
    ...(options.input !== undefined ? ['--interactive'] : []),
    ...one('--entrypoint', options.entrypoint),
    ...each('--env', variables),
    ...each('--mount', options.mounts),
    ...each('--tmpfs', options.tmpfs),
    ...one('--network', options.network),
    ...each(
      '--add-host',
      Object.entries(options.hosts ?? {}).map(([name, address]) => `${name}:${address}`),
    ),
    ...one('--user', options.user),
    ...one('--workdir', options.workdir),
    ...one('--platform', options.platform),
    ...(options.readOnly ? ['--read-only'] : []),
    options.image,
    ...(options.command ?? []),
  ];
}
