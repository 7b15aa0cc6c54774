import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import { stringify } from 'yaml';
import { type Container, projectContainers } from './container';
import { type Ailing, ailments, verdictOf } from './health';
import { endingServices, servicesOfImage } from './image-services';
import { changedSources } from './mounted-files';
import { notHealthy, type Replacement, short, showLogs, wantsBeside, whatIsNew } from './replace';

/**
 * What the container of a service that wants to be replaced beside is given to end where the next one
 * starts only when it has: it may have minutes for it, and nobody serves meanwhile.
 */
export const HASTE_SECONDS = 10;

/**
 * Brings back the images that `before` ran, in all services of the image, after the new one took
 * their place and failed. What they mount has the content of now. A service of the image that did not
 * run before is stopped.
 *
 * @param failure why it failed
 * @throws StagesError `ROLLED_BACK` when every one of them was seen to be healthy again,
 *   `NOT_HEALTHY` when one was not.
 */
export async function rollBack(
  replacement: Replacement,
  before: readonly Container[],
  failure: unknown,
): Promise<never> {
  const { engine, compose, config, mounted, project, service, workspaceRoot, waitSeconds } =
    replacement;
  const failed = await ailingNow(replacement);
  await showLogs(replacement, failed.length > 0 ? failed : await ownContainers(replacement));
  const images = Object.fromEntries(before.map((each) => [each.service, each.imageId]));
  const strangers = servicesOfImage(config, service).filter((name) => !(name in images));
  const override = join(workspaceRoot, 'dist', 'compose', `${config.name}.rollback.yaml`);
  await mkdir(dirname(override), { recursive: true });
  const services = Object.fromEntries(
    Object.entries(images).map(([name, image]) => [name, { image }]),
  );
  await writeFile(override, stringify({ services }));
  const old = engine.compose({ ...project, files: [...project.files, override] });
  const isNew = await whatIsNew(replacement, before);
  const what = `${isNew} did not get healthy (${ailments(failed) || firstLine(failure)})`;
  const brought = Object.entries(images)
    .map(([name, image]) => `${name} (${short(image)})`)
    .join(', ');
  try {
    if (strangers.length > 0) await compose.call(['rm', '--stop', '--force', ...strangers]);
    const isHasty = (name: string) => wantsBeside(config.services[name] ?? {});
    for (const hasty of [true, false]) {
      const names = Object.keys(images).filter((name) => isHasty(name) === hasty);
      if (names.length === 0) continue;
      await old.up({
        services: names,
        wait: true,
        waitTimeoutSeconds: waitSeconds,
        noDeps: true,
        forceRecreate: true,
        ...(hasty && { timeoutSeconds: HASTE_SECONDS }),
      });
    }
  } catch (cause) {
    const still = await ailingNow(replacement);
    throw new StagesError('NOT_HEALTHY', {
      message: `${what}, and what ran before did not come back: ${ailments(still) || firstLine(cause)}`,
      hint: `It was ${brought}; look at compose-ps, compose-logs and doctor`,
      cause,
    });
  }
  const stopped =
    strangers.length > 0 ? `; ${strangers.join(', ')}, not running before, is stopped` : '';
  const still = (await notHealthy(replacement)).filter(({ service: name }) => name in images);
  const others = (await ailingNow(replacement)).filter(({ service: name }) => !(name in images));
  const ailing = [...still, ...others];
  if (ailing.length > 0) {
    await showLogs(replacement, ailing);
    throw new StagesError('NOT_HEALTHY', {
      message: `${what}; what ran before, ${brought}, was started again${stopped}, but these are not healthy: ${ailments(ailing)}`,
      hint: 'Their logs stand above; look at compose-ps and doctor',
      cause: failure,
    });
  }
  throw new StagesError('ROLLED_BACK', {
    message: `${what}; ${whatIsBack(before, mounted, brought)} and is healthy${stopped}`,
    hint: 'The log of the new one stands above; mend it and run compose-up again',
    cause: failure,
  });
}

/** What is there again: all that ran before, or its images with the files of now. */
export function whatIsBack(
  before: readonly Pick<Container, 'service' | 'mountedFiles'>[],
  mounted: Replacement['mounted'],
  brought: string,
): string {
  const hasChanged = ({ service, mountedFiles }: (typeof before)[number]) =>
    changedSources(mountedFiles, mounted.get(service) ?? []).length > 0;
  return before.some(hasChanged)
    ? `the image of before, ${brought}, runs again, with the changed files,`
    : `what ran before, ${brought}, was brought back`;
}

async function ownContainers({ engine, config, service }: Replacement) {
  const own = servicesOfImage(config, service);
  const containers = await projectContainers(engine, config.name);
  return containers.filter(({ oneOff, service: each }) => !oneOff && own.includes(each));
}

/** Which containers of the project are not healthy now, and why; without waiting for any. */
async function ailingNow({ engine, config, waitSeconds }: Replacement): Promise<Ailing[]> {
  const ending = endingServices(config);
  const containers = (await projectContainers(engine, config.name)).filter(
    ({ oneOff, service, exitCode }) => !oneOff && !(ending.has(service) && exitCode === 0),
  );
  return containers.flatMap(({ service, name, ...container }) => {
    const verdict = verdictOf({ service, name, ...container }, 0);
    if (verdict?.healthy) return [];
    if (verdict) return [{ service, name, reason: verdict.reason }];
    return container.health === 'starting'
      ? [{ service, name, reason: `it was not healthy after ${waitSeconds} s` }]
      : [];
  });
}

/** The line of a failure that says most, for a sentence. */
export function firstLine(error: unknown): string {
  const lines = String((error as Error).message ?? error).split('\n');
  return (lines.find((line) => /unhealthy|exited|is not running/.test(line)) ?? lines[0] ?? '')
    .replace(/^.*?(container \S+)/i, '$1')
    .trim();
}
