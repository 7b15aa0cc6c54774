import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { type PrivateMount, privateMounts, type StagePlan } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { StagesError } from '../workspace/fault';
import { dockerTarget, stageTarget } from '../workspace/paths';
import { pathOf, type SecretSource, type SshAgent } from '../workspace/secret-source';

/** BuildKit takes no more: 500 KiB. */
export const MOST_BYTES = 500 * 1024;

/** What a stage's key tells of a secret or an SSH agent that its steps mount; never a value. */
export interface StageSecret {
  kind: PrivateMount['kind'];
  id: string;
  /** Made with it. One that is required always is. */
  given: boolean;
  version?: string;
}

/** A secret or an agent that a stage mounts, and why it is not there; undefined where it is. */
export interface Mounted extends PrivateMount {
  lack: string | undefined;
}

/** All that a stage mounts, with what is there of it on this machine now. */
export function mountedSecrets(
  project: DockerProject,
  stage: string,
  platforms: readonly StagePlan[],
): { mounted: Mounted[]; isOpen: boolean } {
  const found = new Map<string, PrivateMount>();
  let isOpen = false;
  const add = (each: PrivateMount) => {
    const key = `${each.kind} ${each.id}`;
    const required = each.required || found.get(key)?.required === true;
    found.set(key, { ...each, required });
  };
  for (const plan of platforms) {
    const own = privateMounts(plan);
    isOpen ||= own.isOpen;
    own.mounts.forEach(add);
  }
  if (found.size === 0 && !isOpen) return { mounted: [], isOpen };
  const { secrets, ssh } = project.given(stage);
  if (isOpen) {
    for (const id of secrets.keys()) add({ kind: 'secret', id, required: false });
    for (const id of ssh.keys()) add({ kind: 'ssh', id, required: false });
  }
  const mounted = [...found.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, each]): Mounted => ({ ...each, lack: lackOf(project, stage, each) }));
  return { mounted, isOpen };
}

/**
 * What of it is in the stage's key. A required one is there whenever the stage is built, so its key is
 * the same on a machine that does not have it: that may take what another one built.
 */
export function secretsInKey(
  project: DockerProject,
  stage: string,
  platforms: readonly StagePlan[],
): StageSecret[] {
  const { mounted } = mountedSecrets(project, stage, platforms);
  return mounted.map(({ kind, id, required, lack }) => {
    const given = required || lack === undefined;
    const version = given && kind === 'secret' ? project.given(stage).versionOf(id) : undefined;
    return { kind, id, given, ...(version !== undefined && { version }) };
  });
}

/**
 * Whether a stage can be built here as its key says.
 *
 * @throws StagesError `SECRET_MISSING` where a required one is not given; `FILE_CHANGED` where one came
 *   or went since the key was made
 */
export function checkSecrets(
  project: DockerProject,
  stage: string,
  { platforms, secrets = [] }: { platforms: readonly StagePlan[]; secrets?: StageSecret[] },
): Mounted[] {
  const { mounted } = mountedSecrets(project, stage, platforms);
  const missing = mounted.find(({ required, lack }) => required && lack !== undefined);
  if (missing) throw missingError(project, stage, missing);
  if (JSON.stringify(secretsInKey(project, stage, platforms)) !== JSON.stringify(secrets))
    throw new StagesError('FILE_CHANGED', {
      message: `A secret that stage ${stage} mounts came, went or got another version after it was planned`,
      hint: 'Run it again',
    });
  return mounted;
}

function missingError(project: DockerProject, stage: string, { kind, id, lack }: Mounted) {
  const option = kind === 'secret' ? 'secrets' : 'ssh';
  const example =
    kind === 'secret' ? `"id=${id},env=VARIABLE"` : id === 'default' ? '"default"' : `"${id}=PATH"`;
  const [plan, own] = [dockerTarget('plan', project.variant), stageTarget(stage, project.variant)];
  return new StagesError('SECRET_MISSING', {
    message: `${project.dockerfile}: stage ${stage} requires the ${nameOf(kind)} ${id}, and ${lack}`,
    hint: `Give it by the option "${option}" of the target ${plan} (for all stages) or ${own}, or of the plugin in nx.json: ${example}`,
  });
}

/** A line for each optional one that is not there: the image is another one then. */
export function missingNotes(
  project: DockerProject,
  stage: string,
  platforms: readonly StagePlan[],
): string[] {
  return mountedSecrets(project, stage, platforms).mounted.flatMap(
    ({ kind, id, required, lack }) => {
      if (lack === undefined) return [];
      const name = `${nameOf(kind)} ${id}`;
      return required
        ? `${project.dockerfile}: stage ${stage} requires the ${name}, and ${lack}: it cannot be built here, only taken from a cache`
        : `${project.dockerfile}: stage ${stage} is made without the ${name}: ${lack}`;
    },
  );
}

const nameOf = (kind: Mounted['kind']) => (kind === 'secret' ? 'secret' : 'SSH agent');

/**
 * A name that RUN steps resolve, for BuildKit's own cache: its keys hold neither whether a secret is
 * there nor a version, and would give what was made without for what is made with. None where a secret
 * is always there and has no version.
 */
export function cacheHost(
  mounted: readonly PrivateMount[],
  secrets: readonly StageSecret[],
): string[] {
  const tells = mounted.some(({ required }) => !required);
  if (!tells && secrets.every(({ version }) => version === undefined)) return [];
  const state = createHash('sha256').update(JSON.stringify(secrets)).digest('hex');
  return [`nx-stages-secrets-${state.slice(0, 16)}:127.0.0.1`];
}

function lackOf(project: DockerProject, stage: string, mount: PrivateMount): string | undefined {
  const { secrets, ssh } = project.given(stage);
  if (mount.kind === 'ssh') {
    const agent = ssh.get(mount.id);
    return agent ? agentLack(agent, project) : 'nobody gives it';
  }
  const secret = secrets.get(mount.id);
  return secret ? sourceLack(secret.source, project.env) : 'nobody gives it';
}

/** An empty one counts as none: CI systems set what a fork may not see to nothing. */
function sourceLack(source: SecretSource, env: NodeJS.ProcessEnv): string | undefined {
  if (source.kind === 'command') return undefined;
  if (source.kind === 'env') {
    const value = env[source.name];
    if (value === undefined) return `the variable ${source.name} is not set`;
    return value === '' ? `the variable ${source.name} is empty` : undefined;
  }
  const stat = statSync(source.path, { throwIfNoEntry: false });
  if (!stat) return `the file ${source.path} is not there`;
  return stat.isFile() && stat.size === 0 ? `the file ${source.path} is empty` : undefined;
}

function agentLack(agent: SshAgent, project: DockerProject): string | undefined {
  const paths = agentPaths(agent, project);
  if (paths === undefined) return 'the variable SSH_AUTH_SOCK is not set';
  const gone = paths.find((path) => !statSync(path, { throwIfNoEntry: false }));
  return gone === undefined ? undefined : `${gone} is not there`;
}

/** The socket or keys of an agent; undefined where a variable that names them is not set. */
export function agentPaths(
  { paths }: SshAgent,
  { env, root }: Pick<DockerProject, 'env' | 'root'>,
): string[] | undefined {
  const written = paths.length > 0 ? paths : ['$SSH_AUTH_SOCK'];
  let isKnown = true;
  const known = written.map((path) =>
    path.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, plain?: string) => {
      const value = env[braced ?? plain ?? ''];
      if (!value) isKnown = false;
      return value ?? '';
    }),
  );
  return isKnown ? known.map((path) => pathOf(path, root)) : undefined;
}
