import { StagesError } from '@excel2doc/stages';
import { type Container, projectContainers } from './container';
import { ailingOf, ailments } from './health';
import { servicesOfImage } from './image-services';
import type { ComposeConfig } from './project';
import {
  isReplaced,
  type Replacement,
  removeContainers,
  short,
  showLogs,
  wantsBeside,
  whatStillServes,
} from './replace';
import { firstLine } from './roll-back';

const say = (line: string) => void process.stdout.write(`${line}\n`);

/**
 * Those of `before` whose services say `update_config: { order: start-first }` and that another
 * container can serve beside. What cannot be two at a time is said, and left to Compose, which stops
 * the old one first.
 */
export async function replacedBeside(
  replacement: Replacement,
  before: readonly Container[],
): Promise<Container[]> {
  const { engine, config, service } = replacement;
  const all = (await projectContainers(engine, config.name)).filter(({ oneOff }) => !oneOff);
  const found: Container[] = [];
  for (const name of servicesOfImage(config, service)) {
    const model = config.services[name];
    const running = before.filter((each) => each.service === name);
    if (!model || !wantsBeside(model) || running.length === 0) continue;
    const replaced = await Promise.all(running.map((each) => isReplaced(replacement, each)));
    if (!replaced.some(Boolean)) continue;
    const why =
      onlyOne(name, config) ??
      (replaced.every(Boolean) ? undefined : 'one of its containers is of the new image already') ??
      (all.filter((each) => each.service === name).length > running.length
        ? 'one of its containers has ended'
        : await keepsFiles(replacement, running));
    if (why) say(`${name} is stopped before its new container starts, not start-first: ${why}`);
    else found.push(...running);
  }
  return found;
}

/** Why two containers of a service cannot run at a time, or only this one can go. */
export function onlyOne(service: string, { services }: ComposeConfig): string | undefined {
  const model = services[service];
  if (!model) return undefined;
  const { ports = [], container_name: name, network_mode: network = '', mac_address: mac } = model;
  const port = ports.find(({ published }) => published !== undefined && published !== '');
  if (port) return `it publishes port ${port.published} of this machine`;
  if (name) return `its container is named ${name}`;
  if (/^(host$|container:|service:)/.test(network)) return `its network is ${network}`;
  const fixed = Object.values(model.networks ?? {}).flatMap((each) => [
    each?.ipv4_address,
    each?.ipv6_address,
    each?.mac_address,
  ]);
  const address = [mac, ...fixed].find(Boolean);
  if (address) return `its address is ${address}`;
  const [guest] =
    Object.entries(services).find(([, { network_mode, pid, ipc }]) =>
      [network_mode, pid, ipc].includes(`service:${service}`),
    ) ?? [];
  return guest && `${guest} lives in its container`;
}

/** Compose hands a volume without a name on to the next container; two cannot have it. */
async function keepsFiles({ engine }: Replacement, containers: readonly Container[]) {
  const format =
    '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{.Destination}}\n{{end}}{{end}}';
  const ids = containers.map(({ id }) => id);
  const { stdout } = await engine.command(['container', 'inspect', '--format', format, ...ids]);
  const unnamed = /^[0-9a-f]{64} (.+)$/m.exec(stdout)?.[1];
  return unnamed && `${unnamed} is a volume without a name`;
}

/**
 * Starts as many new containers of the services of `old` as the file says, beside them and under the
 * same names in their networks. When all are healthy, the old ones are stopped, with the time that
 * they are given to answer what is under way.
 *
 * @throws StagesError `NOT_HEALTHY` when one does not get there: the new ones are removed again
 */
export async function replaceBeside(
  replacement: Replacement,
  old: readonly Container[],
  before: readonly Container[],
): Promise<void> {
  const { engine, compose, config, waitSeconds } = replacement;
  const services = [...new Set(old.map(({ service }) => service))];
  const wanted = (name: string) => {
    const { scale, deploy } = config.services[name] ?? {};
    return scale ?? deploy?.replicas ?? 1;
  };
  const scales = services.flatMap((name) => {
    const had = old.filter(({ service }) => service === name).length;
    return ['--scale', `${name}=${had + wanted(name)}`];
  });
  // Not `--no-deps`: Compose would take the service for another one, and replace it once more.
  const how = ['--detach', '--no-build', '--pull', 'never', '--no-recreate'];
  const known = new Set(old.map(({ id }) => id));
  const fresh = async () =>
    (await projectContainers(engine, config.name)).filter(
      ({ id, service, oneOff }) => !oneOff && services.includes(service) && !known.has(id),
    );
  try {
    await compose.call(['up', ...how, ...scales, ...services]);
    const started = await fresh();
    const missing = services.find(
      (name) => started.filter(({ service }) => service === name).length < wanted(name),
    );
    if (missing !== undefined) throw new Error(`${missing} has too few new containers`);
    const ailing = await ailingOf(engine, started, waitSeconds * 1000);
    if (ailing.length > 0) {
      await showLogs(replacement, ailing);
      throw new StagesError('NOT_HEALTHY', {
        message: `Beside what runs, the new image did not get healthy: ${ailments(ailing)}`,
        hint: 'Its log stands above; mend it and run compose-up again',
      });
    }
  } catch (error) {
    await removeContainers(
      engine,
      (await fresh()).map(({ id }) => id),
    );
    const still = await whatStillServes(replacement, before);
    if (error instanceof StagesError)
      throw new StagesError(error.code, {
        message: `${error.message}; ${still}`,
        hint: error.hint,
        cause: error,
      });
    throw new StagesError('NOT_HEALTHY', {
      message: `The new containers could not be tried beside what runs (${firstLine(error)}); ${still}`,
      hint: 'Mend it and run compose-up again',
      cause: error,
    });
  }
  const ids = old.map(({ id }) => id);
  try {
    await engine.command(['stop', ...ids]);
    await engine.command(['rm', ...ids]);
  } catch (cause) {
    throw new StagesError('NOT_HEALTHY', {
      message: `The new containers got healthy, but the old ones did not go (${firstLine(cause)}); ${await whatStillServes(replacement, before)}`,
      hint: 'compose-ps shows both; run compose-up again',
      cause,
    });
  }
  for (const { service, imageId } of old)
    say(`${service} (${short(imageId)}) was stopped after its new container was healthy beside it`);
}
