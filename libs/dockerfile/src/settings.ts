import { parseDockerfile } from './dockerfile';
import { DockerfileError } from './error';
import { resolveInstructions } from './plan/resolve';
import { evaluateStages } from './stage/evaluate';
import { type ReadStagesOptions } from './stages';

export interface ExposedPort {
  port: number;
  protocol: 'tcp' | 'udp' | 'sctp';
}

/** What a Dockerfile itself says of how a container of a stage runs; what its base says is not known. */
export interface DeclaredSettings {
  /** Of EXPOSE, ranges written out, in order, each once. */
  ports: ExposedPort[];
  /** Of the last USER. */
  user: string | undefined;
  /** Of the last HEALTHCHECK. */
  healthcheck: 'set' | 'none' | undefined;
}

/**
 * The settings of a stage and of the stages that it is built FROM, variables substituted.
 *
 * @param stage default: the last one
 * @throws DockerfileError as `readStages` does; `UNKNOWN_STAGE` where there is no such stage
 */
export function declaredSettings(
  source: string,
  { stage, ...options }: ReadStagesOptions & { stage?: string | undefined } = {},
): DeclaredSettings {
  const { file = 'Dockerfile', platform = 'linux/amd64' } = options;
  const dockerfile = parseDockerfile(source, { file });
  const stages = evaluateStages(dockerfile, { ...options, platform });
  const wanted =
    stage === undefined ? stages.at(-1) : stages.find((each) => each.stage.name === stage);
  if (!wanted) {
    throw new DockerfileError('UNKNOWN_STAGE', {
      message: `${file} has no stage "${stage}"`,
      hint: `its stages are ${stages.map((each) => each.stage.name).join(', ')}`,
    });
  }
  const chain = [wanted];
  for (const { base } of chain) if (base.kind === 'stage') chain.push(stages[base.stage]!);
  const settings: DeclaredSettings = { ports: [], user: undefined, healthcheck: undefined };
  for (const { steps, args } of chain.reverse()) {
    const plan = {
      frontend: { escape: dockerfile.directives.escape },
      instructions: steps.map(({ planned }) => planned),
      args: Object.fromEntries(args),
    };
    for (const each of resolveInstructions(plan, {})) {
      if (each.kind === 'user') settings.user = each.user;
      if (each.kind === 'healthcheck')
        settings.healthcheck = each.test[0] === 'NONE' ? 'none' : 'set';
      if (each.kind === 'expose') each.ports.forEach((port) => expose(settings.ports, port));
    }
  }
  return settings;
}

/** @param written `[address:][port:]port[-last][/protocol]`, as Docker's nat.ParsePortSpecs takes it */
function expose(ports: ExposedPort[], written: string): void {
  const [specification = '', protocol = 'tcp'] = written.split('/');
  const range = specification.split(':').at(-1) ?? '';
  const [first = NaN, last = first] = range.split('-').map(Number);
  for (let port = first; port <= last; port += 1) {
    const exposed = { port, protocol: protocol.toLowerCase() as ExposedPort['protocol'] };
    if (!ports.some((each) => each.port === port && each.protocol === exposed.protocol))
      ports.push(exposed);
  }
}
