import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';
import { type Container, projectContainers } from './container';
import { type Ailing, ailingOf, ailments, endedSince, SETTLED_MS } from './health';
import { servicesOfImage, serving } from './image-services';
import type { ComposeService, OpenedCompose } from './project';

export interface Replacement extends OpenedCompose {
  workspaceRoot: string;
  service: string;
  waitSeconds: number;
}

/** A digest as people tell images apart. */
export const short = (imageId: string) => imageId.replace(/^sha256:/, '').slice(0, 12);

/** What a service says of how it is replaced, as Swarm reads it; Compose alone does not. */
export const wantsBeside = ({ deploy }: ComposeService): boolean =>
  deploy?.update_config?.order === 'start-first';

/** The containers of the image of `service` that serve now, of all services that run it. */
export async function runningContainers(
  { engine, config }: Pick<OpenedCompose, 'engine' | 'config'>,
  service: string,
): Promise<Container[]> {
  const containers = await projectContainers(engine, config.name);
  return serving(containers, servicesOfImage(config, service));
}

/** `name:tag` or `name@digest` without what follows the name. */
const repositoryOf = (image: string) => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');

/**
 * Keeps the image that runs: with the containerd store an image is gone as soon as a build takes its
 * last tag away, although a container still runs it, and nothing could be rolled back to.
 */
export async function keepRunning({ engine, config, service }: Replacement): Promise<void> {
  const containers = await runningContainers({ engine, config }, service);
  const container = containers.find((each) => each.service === service) ?? containers[0];
  if (!container || !(await engine.inspectImage(container.imageId))) return;
  const name = keptName({ config, service });
  if (name) await engine.tag(container.imageId, name);
}

/** Whether the image of `containers` has the name that keeps it. */
export async function isKept(
  { engine, config }: Pick<OpenedCompose, 'engine' | 'config'>,
  service: string,
  containers: readonly Container[],
): Promise<boolean> {
  const name = keptName({ config, service });
  const kept = name && (await engine.inspectImage(name));
  return containers.some((each) => each.service === service && kept && each.imageId === kept.id);
}

function keptName({ config, service }: Pick<Replacement, 'config' | 'service'>) {
  const name = repositoryOf(config.services[service]?.image ?? '');
  return name && `${name}:running-${config.name}`;
}

/** Whether `compose up` would put other containers in the place of some of `before`. */
export async function wouldReplace(
  replacement: Replacement,
  before: readonly Container[],
): Promise<boolean> {
  for (const container of before) if (await isReplaced(replacement, container)) return true;
  return false;
}

/** Whether `compose up` would put another container in the place of this one. */
export async function isReplaced(
  { engine, compose, config }: Pick<Replacement, 'engine' | 'compose' | 'config'>,
  { service, imageId, configHash }: Container,
): Promise<boolean> {
  const image = await engine.inspectImage(config.services[service]?.image ?? '');
  if (image?.id !== imageId) return true;
  const { stdout } = await compose.call(['config', '--hash', service]);
  return stdout.trim().split(/\s+/)[1] !== configHash;
}

/**
 * Starts the new image beside the old containers, once for each service that runs it and without
 * their ports, and waits until all are healthy. An image that does not get there never stops the one
 * that serves.
 *
 * @param settles whether one that is healthy and ends soon after is refused, too
 * @throws StagesError `NOT_HEALTHY`; the candidates are removed, the log of each that failed is shown.
 */
export async function tryOut(
  replacement: Replacement,
  before: readonly Container[],
  settles: boolean,
): Promise<void> {
  const { engine, compose, config, service, waitSeconds } = replacement;
  const mark = randomBytes(3).toString('hex');
  const candidates = servicesOfImage(config, service).map((each) => ({
    service: each,
    name: `${config.name}-${each}-candidate-${mark}`,
  }));
  try {
    for (const { name, service: each } of candidates)
      await compose.call(['run', '--detach', '--no-deps', '--name', name, each]);
    let ailing = await ailingOf(engine, candidates, waitSeconds * 1000);
    if (ailing.length === 0 && settles) {
      await sleep(SETTLED_MS);
      ailing = await endedSince(engine, candidates);
    }
    if (ailing.length === 0) return;
    await showLogs(replacement, ailing);
    const refused = `${await whatIsNew(replacement, before)} did not get healthy: ${ailments(ailing)}`;
    throw new StagesError('NOT_HEALTHY', {
      message: `${refused}; ${await whatStillServes(replacement, before)}`,
      hint: 'Its log stands above; mend it and run compose-up again',
    });
  } finally {
    await removeContainers(
      engine,
      candidates.map(({ name }) => name),
    );
  }
}

/** What takes the place of `before`: another image, or the same one with another configuration. */
export async function whatIsNew(
  { engine, config, service }: Pick<Replacement, 'engine' | 'config' | 'service'>,
  before: readonly Container[],
): Promise<string> {
  const image = await engine.inspectImage(config.services[service]?.image ?? '');
  if (image && before.every(({ imageId }) => imageId === image.id))
    return `The image (${short(image.id)}) with the new configuration`;
  return `The new image (${short(image?.id ?? '')})`;
}

/** Stops and removes containers that are not wanted any more, whatever has become of them. */
export async function removeContainers(engine: Engine, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  // A worker that took a job from the queue is given the time to put it back.
  await engine.command(['stop', ...names], { allowFailure: true });
  await engine.command(['rm', '--force', '--volumes', ...names], { allowFailure: true });
}

/** What is left of `before`, as it is now. */
export async function whatStillServes(
  { engine, config }: Pick<OpenedCompose, 'engine' | 'config'>,
  before: readonly Container[],
): Promise<string> {
  const now = await projectContainers(engine, config.name);
  const parts = before.map(({ id, service, imageId }) => {
    const found = now.find((each) => each.id === id);
    const serves = found?.state === 'running' && found.health !== 'unhealthy';
    const state = found ? (found.health ?? found.state) : 'gone';
    return `${service} (${short(imageId)}) ${serves ? 'still serves' : `does not serve: it is ${state}`}`;
  });
  return `of what ran before, ${parts.join(', ')}`;
}

/**
 * Those containers of the project that are not healthy, after `compose up` came back: it takes
 * whatever has no health check for good as soon as it was started, and says nothing of what ends
 * later. The image's own services are waited for, the others looked at.
 */
export async function notHealthy(replacement: Replacement): Promise<Ailing[]> {
  const { engine, config, service, waitSeconds } = replacement;
  const own = servicesOfImage(config, service);
  const containers = (await projectContainers(engine, config.name)).filter(
    ({ oneOff, service: each }) => !oneOff && own.includes(each),
  );
  const missing = own
    .filter((name) => !containers.some((each) => each.service === name))
    .map((name) => ({ service: name, name, reason: 'it has no container' }));
  const ailing = await ailingOf(engine, containers, waitSeconds * 1000);
  return [...missing, ...ailing];
}

/** The end of what each of the containers printed, under the name of its service. */
export async function showLogs(
  { engine }: Pick<OpenedCompose, 'engine'>,
  ailing: readonly Pick<Ailing, 'service' | 'name'>[],
): Promise<void> {
  for (const { service, name } of ailing) {
    process.stdout.write(`the end of the log of ${service} (${name}):\n`);
    await engine.command(['logs', '--tail', '30', name], { output: 'show', allowFailure: true });
  }
}
