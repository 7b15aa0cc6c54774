import { relative } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import { type Container, projectContainers } from './container';
import { changedSources, lostSource, mountedLabel, writtenSources } from './mounted-files';
import type { OpenedCompose } from './project';
import { whatStillServes } from './replace';

/**
 * The label of a service that names how it checks the files that it mounts: a program of its image,
 * with arguments. It is run with changed files before the container that runs is replaced.
 */
export const CHECK_LABEL = 'nx-stages.check';

/** What Compose prints itself, around what it runs. */
const COMPOSE_SAYS = /^ ?(Container|Network|Volume) \S+ +\w+$\n?/gm;

/** A service whose running containers were given other files than it would be given now. */
export interface ChangedFiles {
  service: string;
  /** Absolute paths, or what they are called in the Compose files; none where it is not known which. */
  sources: string[];
  containers: Container[];
}

type Opened = Pick<OpenedCompose, 'engine' | 'config' | 'mounted'>;

/**
 * What `compose up` will replace because of the files that it mounts.
 *
 * @throws StagesError `COMMAND_FAILED` where such a file is gone
 */
export async function changedFiles(opened: Opened, root: string): Promise<ChangedFiles[]> {
  const running = await runningOf(opened);
  return Object.keys(opened.config.services).flatMap((service) => {
    const containers = running.filter((each) => each.service === service);
    const labels = containers.map(({ mountedFiles }) => mountedFiles);
    const files = opened.mounted.get(service) ?? [];
    const lost = labels.flatMap((label) => lostSource(label, files) ?? [])[0];
    if (lost)
      throw new StagesError('COMMAND_FAILED', {
        message: `${service} mounts ${shown(lost, root)}, which is gone; its container was left as it is`,
        hint: 'Put the file back, or take it out of the Compose file',
      });
    const sources = [...new Set(labels.flatMap((label) => changedSources(label, files)))];
    const isOther = labels.some((label) => label !== mountedLabel(files));
    return isOther ? [{ service, sources, containers }] : [];
  });
}

/**
 * Has the services that say how check the files that they would be given, in containers beside those
 * that run with others.
 *
 * @throws StagesError `CHECK_FAILED`; nothing was replaced, and what the check said was shown
 */
export async function checkChanged(
  opened: OpenedCompose,
  changed: readonly ChangedFiles[],
  root: string,
): Promise<void> {
  const { compose, config } = opened;
  for (const { service, sources, containers } of changed) {
    const [entrypoint, ...rest] =
      config.services[service]?.labels?.[CHECK_LABEL]?.trim().split(/\s+/) ?? [];
    if (!entrypoint) continue;
    const { exitCode, stdout, stderr } = await compose.run(service, rest, {
      noDeps: true,
      entrypoint,
    });
    if (exitCode === 0) continue;
    const said = `${stdout}${stderr}`.replace(COMPOSE_SAYS, '').trim();
    process.stdout.write(`${said}\n`);
    const still = await whatStillServes(opened, containers);
    throw new StagesError('CHECK_FAILED', {
      message: `${service} does not take ${listed(sources, root) || 'its files'} (${entrypoint}: ${said.split('\n').at(-1) || `exit status ${exitCode}`}); ${still}`,
      hint: 'Mend the file and run compose-up again',
    });
  }
}

/** Says of each service that was replaced which files were why. */
export async function sayReplaced(
  opened: Opened,
  changed: readonly ChangedFiles[],
  root: string,
): Promise<void> {
  if (changed.length === 0) return;
  const now = new Set((await runningOf(opened)).map(({ id }) => id));
  for (const { service, sources, containers } of changed)
    if (sources.length > 0 && !containers.some(({ id }) => now.has(id)))
      say(`${service} has a new container, since its files have changed: ${listed(sources, root)}`);
}

/** Says which changed files replace nothing, because their service may be who writes them. */
export async function sayWritten(opened: Opened, root: string): Promise<void> {
  const { services } = opened.config;
  // Most services have no such file, and the engine is not asked.
  if (!Object.values(services).some((model) => writtenSources(model, 0).length > 0)) return;
  for (const { service, startedAtMs } of await runningOf(opened)) {
    const sources = writtenSources(services[service] ?? {}, startedAtMs);
    if (sources.length > 0)
      say(
        `${listed(sources, root)} was written after ${service} started, which may have done it: nothing was replaced for that (compose-restart, or :ro in the Compose file)`,
      );
  }
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function runningOf({ engine, config }: Pick<Opened, 'engine' | 'config'>) {
  const containers = await projectContainers(engine, config.name);
  return containers.filter(({ oneOff, state }) => !oneOff && state === 'running');
}

const listed = (sources: readonly string[], root: string) =>
  sources.map((source) => shown(source, root)).join(', ');

/** From the workspace, where it lies in it. */
function shown(source: string, root: string): string {
  const path = relative(root, source);
  return source.startsWith('/') && !path.startsWith('..') ? path : source;
}
