import { readFile } from 'node:fs/promises';
import type { Engine } from '@excel2doc/engine';
import { type OpenedCompose, wholeConfig } from '../compose/project';
import { StagesError } from '@excel2doc/stages';
import type { DeployConfig, DeploySubject, HealthCheck, ImageFacts } from './model';

/**
 * What a deployment is made from: the Compose model with its values, the files that it mounts, and
 * what the images say. The project's own image gets a name that is never given to another one.
 *
 * @param repository where other machines find it; default: the name that it has here
 * @param migrationService whose environment migrations run in; it may stand in a profile
 * @throws StagesError `NO_SUCH_SERVICE`, `PLAN_MISSING` when its image is not in the engine
 */
export async function gatherDeployment(
  opened: Pick<OpenedCompose, 'engine' | 'compose' | 'project'>,
  service: string,
  { repository, migrationService }: { repository?: string | undefined; migrationService?: string },
): Promise<DeploySubject> {
  const { engine, compose } = opened;
  const config = (await compose.config()) as unknown as DeployConfig;
  const reference = config.services[service]?.image;
  if (reference === undefined) {
    throw new StagesError('NO_SUCH_SERVICE', {
      message: `The Compose file has no service ${service} with an image`,
      hint: `It has ${Object.keys(config.services).join(', ')}`,
    });
  }
  const image = await engine.inspectImage(reference);
  if (!image) {
    throw new StagesError('PLAN_MISSING', {
      message: `${reference} is not in the engine`,
      hint: 'Build it first: docker-build',
    });
  }
  const name = repository ?? reference.replace(/:[^/:]*$/, '');
  const files = new Map<string, string>();
  for (const { volumes = [] } of Object.values(config.services))
    for (const { type, source = '' } of volumes) {
      if (type !== 'bind') continue;
      const content = await readFile(source, 'utf8').catch(() => undefined);
      if (content !== undefined) files.set(source, content);
    }
  const images = new Map<string, ImageFacts>();
  for (const [each, { image: used }] of Object.entries(config.services)) {
    const facts = used && (await imageFacts(engine, used));
    if (facts) images.set(each, facts);
  }
  const migrationEnvironment =
    migrationService && (await wholeConfig(opened)).services[migrationService]?.environment;
  return {
    config,
    service,
    image: `${name}:${image.id.slice(7, 19)}`,
    files,
    images,
    ...(migrationEnvironment && { migrationEnvironment }),
  };
}

interface ImageConfig {
  ExposedPorts?: Record<string, object> | null;
  Healthcheck?: { Test?: string[]; Interval?: number; Timeout?: number; Retries?: number } | null;
  User?: string;
}

/** Undefined for an image that the engine does not have. */
async function imageFacts(engine: Engine, image: string): Promise<ImageFacts | undefined> {
  const args = ['image', 'inspect', '--format', '{{json .Config}}', image];
  const { exitCode, stdout } = await engine.command(args, { allowFailure: true });
  if (exitCode !== 0) return undefined;
  const { ExposedPorts, Healthcheck, User = '' } = JSON.parse(stdout) as ImageConfig;
  return {
    ports: Object.keys(ExposedPorts ?? {}).map((port) => parseInt(port, 10)),
    healthcheck: Healthcheck ? healthCheck(Healthcheck) : undefined,
    uid: await uidOf(engine, image, User.split(':')[0] ?? ''),
  };
}

function healthCheck({
  Test,
  Interval,
  Timeout,
  Retries,
}: NonNullable<ImageConfig['Healthcheck']>) {
  const seconds = (nanoseconds: number) => `${nanoseconds / 1e9}s`;
  return {
    ...(Test && { test: Test }),
    ...(Interval && { interval: seconds(Interval) }),
    ...(Timeout && { timeout: seconds(Timeout) }),
    ...(Retries && { retries: Retries }),
  } satisfies HealthCheck;
}

/** A name is known to the image alone; other machines want a number. */
async function uidOf(engine: Engine, image: string, user: string): Promise<number | undefined> {
  if (user === '' || user === 'root') return undefined;
  if (/^\d+$/.test(user)) return Number(user) || undefined;
  const entrypoint = 'id';
  const { stdout } = await engine.run({ image, entrypoint, command: ['-u'], isQuestion: true });
  return Number(stdout.trim()) || undefined;
}
