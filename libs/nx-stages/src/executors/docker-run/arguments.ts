import { isAbsolute, resolve } from 'node:path';

/** What a container is run with, by the options of the target. */
export interface ContainerOptions {
  ports?: string[];
  env?: Record<string, string>;
  envFile?: string;
  volumes?: string[];
  name?: string;
  rm?: boolean;
  detach?: boolean;
  command?: string[];
  /** Further arguments, as they are. */
  runArgs?: string[];
}

export interface Container {
  /** The workspace: paths are relative to it. */
  root: string;
  image: string;
  name: string;
  label: string;
  /** What stands behind the command. */
  more: readonly string[];
}

/**
 * The arguments of `docker run`. An image that is not there is not looked for elsewhere. Values of
 * variables are not among them, for every user of the machine can read arguments, but of those that
 * the client would take for its own.
 */
export function runArguments(options: ContainerOptions, container: Container): string[] {
  const { root, image, name, label, more } = container;
  const each = (flag: string, values: readonly string[] = []) =>
    values.flatMap((value) => [flag, value]);
  const passedOn = variables(options);
  return [
    ...['run', '--pull=never'],
    ...(options.rm === false ? [] : ['--rm']),
    ...(options.detach ? ['--detach'] : []),
    ...['--name', name, '--label', label],
    ...each('--publish', options.ports),
    ...each('--env-file', options.envFile ? [resolve(root, options.envFile)] : []),
    ...each(
      '--env',
      Object.entries(options.env ?? {}).map(([variable, value]) =>
        variable in passedOn ? variable : `${variable}=${value}`,
      ),
    ),
    ...each(
      '--volume',
      options.volumes?.map((volume) => fromRoot(root, volume)),
    ),
    ...(options.runArgs ?? []),
    image,
    ...(options.command ?? []),
    ...more,
  ];
}

/** What the client of an engine reads of its own environment. */
const OF_THE_CLIENT = /^(PATH|HOME|USERPROFILE|TMPDIR|(DOCKER|CONTAINER|XDG|SSH)_.*|.*_PROXY)$/i;

/** The variables that the client is given, so that it passes their values on; the rest are arguments. */
export function variables({ env = {} }: ContainerOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OF_THE_CLIENT.test(name)));
}

/** A host path is relative to the workspace; a volume's name has no slash. */
function fromRoot(root: string, volume: string): string {
  const [host = '', ...rest] = volume.split(':');
  if (rest.length === 0 || isAbsolute(host) || !/^\.|\//.test(host)) return volume;
  return [resolve(root, host), ...rest].join(':');
}
