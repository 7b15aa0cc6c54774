import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { StagesError } from '@excel2doc/stages';
import { type Container, projectContainers } from './container';
import { verdictOf, waitUntilHealthy } from './health';
import type { OpenedCompose } from './project';

export interface Replacement extends OpenedCompose {
  workspaceRoot: string;
  service: string;
  waitSeconds: number;
}

/** A digest as people tell images apart. */
export const short = (imageId: string) => imageId.replace(/^sha256:/, '').slice(0, 12);

/** The container of `service` that takes requests now. */
export async function runningContainer(
  { engine, config }: Pick<OpenedCompose, 'engine' | 'config'>,
  service: string,
): Promise<Container | undefined> {
  const containers = await projectContainers(engine, config.name);
  return containers.find(
    (each) => each.service === service && !each.oneOff && each.state === 'running',
  );
}

/** `name:tag` or `name@digest` without what follows the name. */
const repositoryOf = (image: string) => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');

/**
 * Keeps the image that runs: with the containerd store an image is gone as soon as a build takes its
 * last tag away, although a container still runs it, and nothing could be rolled back to.
 */
export async function keepRunning({ engine, config, service }: Replacement): Promise<void> {
  const container = await runningContainer({ engine, config }, service);
  if (!container || !(await engine.inspectImage(container.imageId))) return;
  const name = repositoryOf(config.services[service]?.image ?? '');
  if (name) await engine.tag(container.imageId, `${name}:running-${config.name}`);
}

/** Whether `compose up` would put another container in the place of `container`. */
export async function wouldReplace(
  { engine, compose, config, service }: Replacement,
  container: Container,
): Promise<boolean> {
  const image = await engine.inspectImage(config.services[service]?.image ?? '');
  if (image?.id !== container.imageId) return true;
  const { stdout } = await compose.call(['config', '--hash', service]);
  return stdout.trim().split(/\s+/)[1] !== container.configHash;
}

/**
 * Starts the new image beside the old container, without its ports, and waits until it is healthy.
 * An image that does not get there never stops the one that serves.
 *
 * @throws StagesError `NOT_HEALTHY`; the candidate is removed, its log is on stderr.
 */
export async function tryOut(replacement: Replacement, before: Container): Promise<void> {
  const { engine, compose, config, service, waitSeconds } = replacement;
  const name = `${config.name}-${service}-candidate-${randomBytes(3).toString('hex')}`;
  try {
    await compose.call(['run', '--detach', '--no-deps', '--name', name, service]);
    const verdict = await waitUntilHealthy(engine, name, waitSeconds * 1000);
    if (verdict.healthy) return;
    await engine.command(['logs', '--tail', '30', name], { output: 'show', allowFailure: true });
    const image = await engine.inspectImage(config.services[service]?.image ?? '');
    throw new StagesError('NOT_HEALTHY', {
      message: `The new image of ${service} (${short(image?.id ?? '')}) did not get healthy: ${verdict.reason}; the one that ran before (${short(before.imageId)}) still serves`,
      hint: 'Its log stands above; mend it and run compose-up again',
    });
  } finally {
    await engine.command(['rm', '--force', '--volumes', name], { allowFailure: true });
  }
}

/**
 * Brings back the image that `before` ran, after the new one took its place and failed.
 *
 * @param failure why it failed
 * @throws StagesError `ROLLED_BACK` when the old image is healthy again, `NOT_HEALTHY` when it is not.
 */
export async function rollBack(
  replacement: Replacement,
  before: Container,
  failure: unknown,
): Promise<never> {
  const { engine, config, project, service, workspaceRoot, waitSeconds } = replacement;
  const reasons = await unhealthy(replacement);
  await showLog(replacement);
  const override = join(workspaceRoot, 'dist', 'compose', `${config.name}.rollback.yaml`);
  await mkdir(dirname(override), { recursive: true });
  await writeFile(override, stringify({ services: { [service]: { image: before.imageId } } }));
  const old = engine.compose({ ...project, files: [...project.files, override] });
  const what = `The new image of ${service} did not get healthy (${reasons || firstLine(failure)})`;
  try {
    await old.up({
      services: [service],
      wait: true,
      waitTimeoutSeconds: waitSeconds,
      noDeps: true,
      forceRecreate: true,
    });
  } catch (cause) {
    throw new StagesError('NOT_HEALTHY', {
      message: `${what}, and neither did the one that ran before, ${before.imageId}`,
      hint: 'What they need is missing: look at compose-ps, compose-logs and doctor',
      cause,
    });
  }
  throw new StagesError('ROLLED_BACK', {
    message: `${what}; the one that ran before, ${before.imageId}, was brought back and is healthy`,
    hint: 'The log of the new one stands above; mend it and run compose-up again',
    cause: failure,
  });
}

/** Which services are not healthy, and why: `worker: its health check fails`. */
async function unhealthy({ engine, config }: Replacement): Promise<string> {
  const containers = (await projectContainers(engine, config.name)).filter(({ oneOff }) => !oneOff);
  return containers
    .flatMap((each) => {
      const verdict = verdictOf(each, 0);
      return verdict && !verdict.healthy ? [`${each.service}: ${verdict.reason}`] : [];
    })
    .join('; ');
}

async function showLog({ compose, service }: Replacement): Promise<void> {
  await compose.call(['logs', '--no-color', '--tail', '30', service], {
    output: 'show',
    allowFailure: true,
  });
}

function firstLine(error: unknown): string {
  const lines = String((error as Error).message ?? error).split('\n');
  return (lines.find((line) => /unhealthy|exited|is not running/.test(line)) ?? lines[0] ?? '')
    .replace(/^.*?(container \S+)/i, '$1')
    .trim();
}
