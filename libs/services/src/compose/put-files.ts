import type { Readable } from 'node:stream';
import type { Engine } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';
import { runningContainers } from './replace';
import type { OpenedCompose } from './project';

interface Inspected {
  Name: string;
  Mounts?: { Destination: string }[] | null;
  HostConfig: { ReadonlyRootfs?: boolean; Tmpfs?: Record<string, string> | null };
}

/** The containers of the image of a service that run now, by id. */
export async function idsOfImage(
  opened: Pick<OpenedCompose, 'engine' | 'config'>,
  service: string,
): Promise<string[]> {
  return (await runningContainers(opened, service)).map(({ id }) => id).sort();
}

/**
 * Why files cannot be put into containers; undefined where they can.
 *
 * @param paths of what is put there, from the root
 */
export async function whyNotPut(
  engine: Engine,
  ids: readonly string[],
  paths: readonly string[],
): Promise<string | undefined> {
  const { stdout } = await engine.command(['container', 'inspect', ...ids]);
  for (const { Name, Mounts, HostConfig } of JSON.parse(stdout) as Inspected[]) {
    const name = Name.replace(/^\//, '');
    if (HostConfig.ReadonlyRootfs) return `the root of ${name} is read-only`;
    const mounted = [
      ...(Mounts ?? []).map(({ Destination }) => Destination),
      ...Object.keys(HostConfig.Tmpfs ?? {}),
    ].map((each) => each.replace(/^\/+|\/+$/g, ''));
    // What is mounted there is not the image's.
    const below = (path: string) => mounted.find((each) => `${path}/`.startsWith(`${each}/`));
    const hidden = paths.find(below);
    if (hidden !== undefined) return `${name} has something mounted at /${below(hidden)}`;
  }
  return undefined;
}

/**
 * Puts the files of a tar into running containers, with the owners and modes that it says.
 *
 * @throws StagesError `COMMAND_FAILED` where some may have been put there, and not all
 */
export async function putFiles(
  engine: Engine,
  ids: readonly string[],
  tar: () => Readable,
): Promise<void> {
  for (const id of ids)
    await engine.command(['cp', '-', `${id}:/`], { input: tar() }).catch((cause: Error) => {
      throw new StagesError('COMMAND_FAILED', {
        message: `Files could not be put into ${id.slice(0, 12)}: ${cause.message}`,
        hint: 'It is replaced by the image instead',
        cause,
      });
    });
}
