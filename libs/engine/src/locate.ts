import {
  type DockerInfo,
  type EngineAddress,
  describeEngine,
  isPodmans,
} from './client/description';
import { Engine } from './engine';
import { type EngineChoice, chosenEngine } from './client/choice';
import { EngineError } from './client/error';
import { readPrivateEngine } from './client/private-engine';
import { type PodmanInfo, describePodman } from './podman/describe';
import { Podman } from './podman';

export interface LocateOptions {
  /** NX_STAGES_ENGINE goes before it. */
  choice?: EngineChoice | undefined;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
}

/**
 * The engine to use. Docker: the one that `docker` on the PATH reaches (DOCKER_HOST, current
 * context), else the private one; both are asked at the same time, with one `docker info` each.
 * Podman: the one on the PATH. Left to itself it takes Podman where no Docker answers: a private
 * engine runs only where somebody set it up.
 *
 * @throws EngineError `NO_ENGINE` when none answers; see `describeEngine` for what is refused.
 */
export async function locateEngine(options: LocateOptions = {}): Promise<Engine> {
  const env = options.env ?? process.env;
  const choice = chosenEngine(options.choice, env);
  const reasons: string[] = [];
  if (choice !== 'podman') {
    const [system, own] = await Promise.all([
      ask({ kind: 'system', docker: 'docker', env: {} }, env, options.signal),
      privateAddress(env).then((address) => address && ask(address, env, options.signal)),
    ]);
    for (const answer of [system, own]) {
      if (answer?.info) return new Engine(describeEngine(answer.address, answer.info), env);
    }
    reasons.push(`docker: ${reasonOf(system)}`, `private engine: ${reasonOf(own)}`);
  }
  if (choice !== 'docker') {
    const podman = await askPodman(env, options.signal);
    if ('info' in podman) return new Podman(describePodman('podman', podman.info), env);
    reasons.push(`podman: ${podman.reason}`);
  }
  throw new EngineError('NO_ENGINE', {
    message: `No container engine answers (${reasons.join('; ')})`,
    hint: HINTS[choice],
  });
}

const START = 'Start Docker or Podman, then run it again';

const HINTS: Record<EngineChoice, string> = {
  auto: START,
  docker: START,
  podman:
    'Podman is asked for (option engine, or NX_STAGES_ENGINE): install it and see that `podman info` works, or choose auto',
};

async function privateAddress(env: NodeJS.ProcessEnv): Promise<EngineAddress | undefined> {
  const file = await readPrivateEngine(env);
  if (!file) return undefined;
  const own = { DOCKER_HOST: file.host, DOCKER_CONFIG: file.dockerConfig, BUILDX_BUILDER: '' };
  return { kind: 'private', docker: file.docker, env: own };
}

type Answer = { address: EngineAddress; info: DockerInfo } | { info?: undefined; reason: string };

function reasonOf(answer: Answer | undefined): string {
  if (!answer) return 'none is set up';
  return answer.info ? 'answers' : answer.reason;
}

async function ask(
  address: EngineAddress,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const args = ['info', '--format', '{{json .}}'];
  const answer = await askClient<DockerInfo>(
    address.docker,
    args,
    { ...env, ...address.env },
    signal,
  );
  if ('reason' in answer) return answer;
  const { info } = answer;
  // Without a daemon the client still prints what it knows of itself.
  if (!info.ServerVersion)
    return { reason: info.ServerErrors?.[0] ?? 'the daemon does not answer' };
  if (isPodmans(info)) return { reason: `Podman ${info.ServerVersion} answers in its place` };
  return { address, info };
}

function askPodman(env: NodeJS.ProcessEnv, signal: AbortSignal | undefined) {
  return askClient<PodmanInfo>('podman', ['info', '--format', 'json'], env, signal);
}

async function askClient<T>(
  client: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<{ info: T } | { reason: string }> {
  const { execa } = await import('execa');
  const result = await execa(client, args, {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 10_000,
    ...(signal && { cancelSignal: signal }),
  });
  if (result.isCanceled) throw new EngineError('CANCELLED', { message: 'Cancelled', hint: '' });
  if (result.code === 'ENOENT') return { reason: 'not installed' };
  if (result.timedOut) return { reason: 'no answer within 10 s' };
  const info = parse<T>(result.stdout);
  return info ? { info } : { reason: lastLine(result.stderr) || `exit status ${result.exitCode}` };
}

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
