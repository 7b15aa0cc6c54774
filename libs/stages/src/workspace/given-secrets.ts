import type { SaidOptions } from './secret-options';
import { invalidOption, readSecret, readSsh, type Secret, type SshAgent } from './secret-source';

/** What stages are given: by id, later ones over earlier ones. */
export interface Given {
  secrets: ReadonlyMap<string, Secret>;
  ssh: ReadonlyMap<string, SshAgent>;
  versionOf(id: string): string | undefined;
}

/**
 * @param said weakest first
 * @throws StagesError `SECRET_INVALID`, where one place gives the same id twice among others
 */
export function givenBy(
  said: readonly SaidOptions[],
  around: { root: string; env: NodeJS.ProcessEnv },
): Given {
  const secrets = new Map<string, Secret>();
  const ssh = new Map<string, SshAgent>();
  const versions = new Map<string, string>();
  let forAll: string | undefined;
  for (const { options, by } of said) {
    const twice = new Set<string>();
    const once = (kind: string, id: string) => {
      if (twice.has(`${kind} ${id}`)) throw invalidOption(kind, id, by, 'it is given twice');
      twice.add(`${kind} ${id}`);
    };
    for (const option of listOf('secrets', options.secrets, by)) {
      const secret = readSecret(option, by, around);
      once('secrets', secret.id);
      secrets.set(secret.id, secret);
    }
    for (const option of listOf('ssh', options.ssh, by)) {
      const agent = readSsh(option, by);
      once('ssh', agent.id);
      ssh.set(agent.id, agent);
    }
    const { secretVersion: version } = options;
    if (typeof version === 'string' || typeof version === 'number') forAll = String(version);
    else for (const [id, each] of Object.entries(version ?? {})) versions.set(id, String(each));
  }
  return { secrets, ssh, versionOf: (id) => versions.get(id) ?? forAll };
}

function listOf<T>(option: string, list: readonly T[] | undefined, by: string): readonly T[] {
  if (list === undefined || Array.isArray(list)) return list ?? [];
  throw invalidOption(option, JSON.stringify(list), by, 'it has to be a list');
}
