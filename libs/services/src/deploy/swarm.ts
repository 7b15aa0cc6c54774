import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';
import type { Stack } from './stack';

/** A service of a stack, as `docker service inspect` and `ls` describe it. */
export interface SwarmService {
  name: string;
  image: string;
  /** Of an update: undefined when there was none. */
  update: { state: string; message: string } | undefined;
  running: number;
  wanted: number;
  /** Of a job: all of it has ended well, or some of it has not. */
  job: 'completed' | 'failed' | undefined;
}

export type Progress = 'working' | 'there' | 'failed';

/** How far a service is on its way to `image`. */
export function progressOf(service: SwarmService | undefined, image: string): Progress {
  if (!service) return 'working';
  const state = service.update?.state ?? '';
  if (/^(rollback_)?paused$|^rollback_completed$/.test(state)) return 'failed';
  if (/updating|rollback_started/.test(state)) return 'working';
  // An update that went back has put the old image into the service's description, too.
  if (service.image !== image) return 'failed';
  if (service.job) return service.job === 'completed' ? 'there' : 'failed';
  return service.running >= service.wanted ? 'there' : 'working';
}

/** What deploys a stack, on the manager that the engine is. */
export class Swarm {
  constructor(
    private readonly engine: Engine,
    private readonly stack: string,
    private readonly timeoutMs: number,
  ) {}

  /** @throws StagesError `COMMAND_FAILED` when the engine is no manager of a swarm. */
  async check(): Promise<void> {
    const { stdout } = await this.engine.command([
      'info',
      '--format',
      '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}',
    ]);
    if (stdout.trim() === 'active true') return;
    throw new StagesError('COMMAND_FAILED', {
      message: `This engine is no manager of a swarm (${stdout.trim()})`,
      hint: 'Run `docker swarm init` on it, or point DOCKER_HOST or the Docker context at a manager',
    });
  }

  /**
   * Deploys the named services of `stack` and waits until they are there.
   *
   * @throws StagesError `ROLLED_BACK` when Swarm went back to what ran before, `NOT_HEALTHY` when
   *   there is nothing to go back to
   */
  async deploy(stack: Stack, names: string[]): Promise<void> {
    if (names.length === 0) return;
    const services = Object.fromEntries(names.map((name) => [name, stack.services[name] ?? {}]));
    const images = new Map(
      names.map((name) => [`${this.stack}_${name}`, (services[name] as { image: string }).image]),
    );
    // By its standard input: the values are secret, and no file has to be cleared away.
    await this.engine.command(
      [
        ...['stack', 'deploy', '--detach', '--with-registry-auth', '--resolve-image', 'never'],
        ...['--compose-file', '-', this.stack],
      ],
      { input: JSON.stringify({ ...stack, services }) },
    );
    await this.waitFor(images);
  }

  /** What runs of a service now, by a look: `app still runs IMAGE (2 of 2)`. */
  async whatRuns(name: string): Promise<string> {
    const services = await this.services().catch(() => undefined);
    if (!services) return `what ${name} runs could not be seen`;
    const found = services.find((each) => each.name === `${this.stack}_${name}`);
    if (!found) return `${name} was not there before`;
    const { image, running, wanted } = found;
    const count = `${running} of ${wanted}`;
    return running > 0
      ? `${name} still runs ${image} (${count})`
      : `${name} does not run (${count})`;
  }

  /**
   * Runs a command in the container of a service that has one.
   *
   * @returns whether that container is on this node; nothing is run on another one
   * @throws EngineError `COMMAND_FAILED` with what it said
   */
  async exec(name: string, command: string[]): Promise<boolean> {
    const label = `com.docker.swarm.service.name=${this.stack}_${name}`;
    const { stdout } = await this.engine.command(['ps', '--quiet', '--filter', `label=${label}`]);
    const [container] = stdout.trim().split('\n').filter(Boolean);
    if (container === undefined) return false;
    await this.engine.command(['exec', container, ...command]);
    return true;
  }

  /** Takes a service out of the stack; no failure when it is not there. */
  async remove(name: string): Promise<void> {
    await this.engine.command(['service', 'rm', `${this.stack}_${name}`], { allowFailure: true });
  }

  private async waitFor(images: ReadonlyMap<string, string>): Promise<void> {
    const end = Date.now() + this.timeoutMs;
    let calm = 0;
    // Swarm starts an update a moment after it took the order: what is there must stay so.
    while (calm < CALM_POLLS) {
      await sleep(POLL_MS);
      const services = await this.services();
      const progress = [...images].map(([name, image]) => {
        const service = services.find((each) => each.name === name);
        return { name, service, state: progressOf(service, image) };
      });
      const failed = progress.find(({ state }) => state === 'failed');
      const late = Date.now() > end && progress.find(({ state }) => state !== 'there');
      if (failed ?? late) await this.fail((failed ?? late) as (typeof progress)[number]);
      calm = progress.every(({ state }) => state === 'there') ? calm + 1 : 0;
    }
  }

  private async fail(at: { name: string; service: SwarmService | undefined }): Promise<never> {
    const { name, service } = at;
    const { stdout } = await this.engine.command(
      ['service', 'ps', '--no-trunc', '--format', '{{.CurrentState}} {{.Error}}', name],
      { allowFailure: true },
    );
    const reason = stdout
      .split('\n')
      .find((line) => /^(Failed|Rejected|Shutdown .*failed|Pending)/i.test(line));
    await this.engine.command(['service', 'logs', '--tail', '30', '--raw', name], {
      output: 'show',
      allowFailure: true,
    });
    const said = [service?.update?.message, reason].filter(Boolean).join('; ');
    if (service?.update?.state === 'rollback_completed') {
      throw new StagesError('ROLLED_BACK', {
        message: `The new image of ${name} did not get healthy (${said}); Swarm went back to ${service.image}`,
        hint: 'The log stands above; mend it and deploy again',
      });
    }
    throw new StagesError('NOT_HEALTHY', {
      message: `${name} did not come up: ${said || `${service?.running ?? 0} of ${service?.wanted ?? 1} run after ${this.timeoutMs / 1000} s`}`,
      hint: `Its log stands above; more: docker service ps --no-trunc ${name}`,
    });
  }

  private async services(): Promise<SwarmService[]> {
    const filter = `label=com.docker.stack.namespace=${this.stack}`;
    const list = ['service', 'ls', '--filter', filter, '--format', '{{json .}}'];
    const rows = (await this.engine.command(list)).stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { ID: string; Replicas: string });
    if (rows.length === 0) return [];
    const { stdout } = await this.engine.command(
      ['service', 'inspect', ...rows.map(({ ID }) => ID)],
      { allowFailure: true },
    );
    const found = (JSON.parse(stdout || '[]') as unknown[]).map((each) => parseService(each, rows));
    return Promise.all(found.map((each) => this.withFailure(each)));
  }

  /** Only its tasks say that a job has failed. */
  private async withFailure(service: SwarmService & { isJob: boolean }): Promise<SwarmService> {
    const { isJob, ...rest } = service;
    if (!isJob || rest.job) return rest;
    const tasks = ['service', 'ps', '--format', '{{.CurrentState}}', rest.name];
    const { stdout } = await this.engine.command(tasks, { allowFailure: true });
    return /^(Failed|Rejected)/m.test(stdout) ? { ...rest, job: 'failed' } : rest;
  }
}

const POLL_MS = 500;
const CALM_POLLS = 6;

function parseService(
  inspected: unknown,
  rows: { ID: string; Replicas: string }[],
): SwarmService & { isJob: boolean } {
  const { ID, Spec, UpdateStatus } = inspected as {
    ID: string;
    Spec: { Name: string; TaskTemplate: { ContainerSpec: { Image: string } } };
    UpdateStatus?: { State?: string; Message?: string };
  };
  const replicas = rows.find((row) => ID.startsWith(row.ID))?.Replicas ?? '';
  const [, running = '0', wanted = '1'] = /^(\d+)\/(\d+)/.exec(replicas) ?? [];
  const [, done, all] = /\((\d+)\/(\d+) completed\)/.exec(replicas) ?? [];
  const { State: state, Message: message = '' } = UpdateStatus ?? {};
  return {
    name: Spec.Name,
    image: Spec.TaskTemplate.ContainerSpec.Image,
    update: state ? { state, message } : undefined,
    running: Number(running),
    wanted: Number(wanted),
    job: done !== undefined && done === all ? 'completed' : undefined,
    isJob: done !== undefined,
  };
}
