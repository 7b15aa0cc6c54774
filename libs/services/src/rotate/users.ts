import type { Compose } from '@excel2doc/engine';
import { projectContainers } from '../compose/container';
import { ailingOf, ailments } from '../compose/health';
import { type ComposeConfig, type OpenedCompose, wholeConfig } from '../compose/project';
import { wantsBeside } from '../compose/replace';
import { HASTE_SECONDS } from '../compose/roll-back';
import { refused } from './refused';

/** The services that are given a secret, as they run. */
export class Users {
  /** How many containers each of them has. */
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly opened: Pick<OpenedCompose, 'engine' | 'project' | 'config'>,
    /** The service that keeps the secret. */
    private readonly keeper: string,
    private readonly waitSeconds: number,
  ) {}

  /**
   * Finds those that run and would be given `next` by these variables: they are given the secret now.
   *
   * @param next a value that stands nowhere else
   * @param seen what each of them has to be given besides
   * @throws StagesError `ROTATION_FAILED` naming the service whose values are written otherwise
   */
  async find(
    next: string,
    variables: Record<string, string>,
    seen: readonly string[],
  ): Promise<void> {
    const { engine, project } = this.opened;
    const then = await wholeConfig({ engine, project: { ...project, variables } });
    for (const [name, containers] of await this.running())
      if (name !== this.keeper && has(then, name, next)) this.counts.set(name, containers.length);
    const wrong = [...this.counts.keys()].find((name) =>
      seen.some((each) => !has(then, name, each)),
    );
    if (wrong === undefined) return;
    throw refused(
      `${wrong} does not take ${Object.keys(variables).join(' and ')} from the file with the values; nothing was changed`,
      `Write them into its environment as \${${Object.keys(variables).join('}, ${')}}`,
    );
  }

  /**
   * Puts new containers in the place of those of one service after the other, and waits for each.
   *
   * @param variables go before the file with the values
   */
  async replace(variables: Record<string, string>, say: (line: string) => void): Promise<void> {
    const { engine, config } = this.opened;
    const compose = this.compose(variables);
    for (const [service, count] of this.counts) {
      const haste = wantsBeside(config.services[service] ?? {}) ? HASTE_SECONDS : undefined;
      await up(compose, { service, count, haste }, this.waitSeconds);
      const containers = (await this.running()).get(service) ?? [];
      const ailing = await ailingOf(engine, containers, this.waitSeconds * 1000);
      if (containers.length === 0 || ailing.length > 0)
        throw refused(`${ailments(ailing) || `${service} does not run`}, in ${config.name}`);
      say(`${service} runs with it`);
    }
  }

  /** Starts the keeper anew with what the file with the values says now. */
  async restartKeeper(): Promise<void> {
    await up(this.compose({}), { service: this.keeper, count: 1 }, this.waitSeconds);
  }

  /** Every profile: what runs of one has the secret as well. */
  private compose(variables: Record<string, string>): Compose {
    const { engine, project } = this.opened;
    return engine.compose({ ...project, profiles: ['*'], variables });
  }

  /** Containers by service. */
  private async running() {
    const { engine, config } = this.opened;
    const containers = (await projectContainers(engine, config.name)).filter(
      ({ oneOff, state }) => !oneOff && state === 'running',
    );
    const byService = new Map<string, typeof containers>();
    for (const each of containers)
      byService.set(each.service, [...(byService.get(each.service) ?? []), each]);
    return byService;
  }
}

/** Whether a service is given a value, by itself or within another, such as a URL. */
function has({ services }: ComposeConfig, name: string, value: string): boolean {
  return Object.values(services[name]?.environment ?? {}).some((each) => each?.includes(value));
}

async function up(
  compose: Compose,
  { service, count, haste }: { service: string; count: number; haste?: number | undefined },
  waitSeconds: number,
) {
  await compose.call([
    ...['up', '--detach', '--no-build', '--pull', 'never', '--no-deps'],
    ...['--wait', '--wait-timeout', String(waitSeconds)],
    ...(haste === undefined ? [] : ['--timeout', String(haste)]),
    ...['--scale', `${service}=${count}`, service],
  ]);
}
