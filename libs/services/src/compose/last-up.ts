import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '@excel2doc/engine';
import { replaceFile } from '@excel2doc/oci';
import { type Container, projectContainers } from './container';
import { verdictOf } from './health';
import { endingServices } from './image-services';
import { mountedLabel } from './mounted-files';
import type { ComposeConfig, OpenedCompose } from './project';

/** What was brought up last, whole: with it `compose up` has nothing to do. Of this machine. */
export interface LastUp {
  format: 1;
  /** Of all that Compose was told, digests of mounted files included. */
  config: string;
  /** The image that each container ran, by the container's id. */
  containers: Record<string, string>;
  /** What was run to migrate, and where that brought the database; null where nothing was. */
  migrated: { command: string[]; revisions: string[] } | null;
}

type Opened = Pick<OpenedCompose, 'engine' | 'config' | 'added' | 'mounted'>;

/**
 * Whether all that was brought up last is what would be brought up now, and still runs and is healthy.
 * The containers and images are looked at now; where the database is, whoever asks looks at.
 *
 * @returns what was brought up, and the containers; undefined where anything differs or is not known
 */
export async function asBroughtUp(
  opened: Opened,
  root: string,
): Promise<{ last: LastUp; containers: Container[] } | undefined> {
  const last = await readFile(fileOf(root, opened.config), 'utf8')
    .then((text) => JSON.parse(text) as LastUp)
    .catch(() => undefined);
  if (last?.format !== 1 || last.config !== digestOf(opened)) return undefined;
  const containers = await serviceContainers(opened);
  const images = await imagesOf(opened.engine, containers);
  return isAsBroughtUp(last, containers, images, opened) ? { last, containers } : undefined;
}

type Wanted = Pick<Opened, 'mounted'> & { config: Pick<ComposeConfig, 'services'> };

/** @param images the ids of the images that the containers were started by name with, by name */
export function isAsBroughtUp(
  { containers: known }: Pick<LastUp, 'containers'>,
  containers: readonly Container[],
  images: ReadonlyMap<string, string>,
  { config, mounted }: Wanted,
  now = Date.now(),
): boolean {
  if (containers.length !== Object.keys(known).length) return false;
  const ending = endingServices(config);
  return containers.every((container) => {
    const { id, image, imageId, service, createdAtMs, restarts, health } = container;
    if (known[id] !== imageId || images.get(image) !== imageId) return false;
    // Another process may have brought it up, with other files than it was given since.
    const files = mounted.get(service);
    if (files && container.mountedFiles !== mountedLabel(files)) return false;
    // One that waits to be run again, and one that is to end, is Compose's to judge.
    if (ending.has(service) || (health === undefined && restarts > 0)) return false;
    return verdictOf(container, now - createdAtMs)?.healthy === true;
  });
}

/** Remembers that all is up. */
export async function rememberUp(
  opened: Opened,
  root: string,
  migrated: LastUp['migrated'],
): Promise<void> {
  const containers = await serviceContainers(opened);
  const last: LastUp = {
    format: 1,
    config: digestOf(opened),
    containers: Object.fromEntries(containers.map(({ id, imageId }) => [id, imageId])),
    migrated,
  };
  await replaceFile(fileOf(root, opened.config), `${JSON.stringify(last, undefined, 2)}\n`);
}

/** Whatever is begun now is not what was brought up last. */
export function forgetUp({ config }: Pick<OpenedCompose, 'config'>, root: string): Promise<void> {
  return rm(fileOf(root, config), { force: true });
}

const fileOf = (root: string, { name }: Pick<ComposeConfig, 'name'>) =>
  join(root, 'dist', 'compose', `${name}.up.json`);

async function serviceContainers({ engine, config }: Opened): Promise<Container[]> {
  return (await projectContainers(engine, config.name)).filter(({ oneOff }) => !oneOff);
}

/** By the names that containers were started with; one that is gone is not in it. */
async function imagesOf(
  engine: Engine,
  containers: readonly Container[],
): Promise<Map<string, string>> {
  const names = [...new Set(containers.map(({ image }) => image))];
  const found = await Promise.all(names.map((name) => engine.inspectImage(name)));
  return new Map(names.flatMap((name, at) => (found[at] ? [[name, found[at].id]] : [])));
}

/** With what was put in the place of images, and the digests of what is mounted as a file. */
const digestOf = ({ config, added }: Opened): string =>
  createHash('sha256')
    .update(JSON.stringify([config, added]))
    .digest('hex');
