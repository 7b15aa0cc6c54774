import { posix } from 'node:path';
import type { SecretOption, SecretOptions } from '@excel2doc/stages';
import type { ComposeBuild, ComposeFile } from './compose-file';
import { withDefaults } from './with-defaults';

/** What a declaration says of secrets, and what of it cannot be carried out. */
export interface DeclaredSecrets {
  options?: SecretOptions;
  /** By their place in the declaration: `secrets.npm (external)`. */
  unread: string[];
}

/**
 * The secrets and SSH agents that `build:` names. Those that BuildKit does without (uid, gid, mode: a
 * Dockerfile says them where it mounts) are Compose's to ignore too.
 *
 * @see docker/compose, pkg/compose/build.go, addSecretsConfig
 */
export function composeSecrets(
  { file, model }: ComposeFile,
  { secrets = [], ssh }: ComposeBuild,
): DeclaredSecrets {
  const unread: string[] = [];
  const taken = (Array.isArray(secrets) ? secrets : []).flatMap((each): SecretOption[] => {
    const { source = '', target }: { source?: string; target?: string } =
      typeof each === 'string' ? { source: each } : each;
    const refuse = (why: string) => {
      unread.push(`secrets.${source} (${why})`);
      return [];
    };
    const secret = model.secrets?.[source];
    if (!secret) return refuse('the file declares no such secret');
    const id = target ?? source;
    if (secret.environment !== undefined) return [{ id, env: secret.environment }];
    if (secret.file === undefined) return refuse('only a file or a variable can be built with');
    const path = withDefaults(secret.file);
    if (path === null) return refuse('a variable in it has no default');
    return [{ id, src: fromFolder(posix.dirname(file), path) }];
  });
  const agents = sshTexts(ssh).map((text) => inFolder(posix.dirname(file), text));
  return {
    ...((taken.length > 0 || agents.length > 0) && {
      options: {
        ...(taken.length > 0 && { secrets: taken }),
        ...(agents.length > 0 && { ssh: agents }),
      },
    }),
    unread,
  };
}

function sshTexts(ssh: ComposeBuild['ssh']): string[] {
  if (ssh === undefined || ssh === null) return [];
  if (typeof ssh === 'string') return [ssh];
  if (Array.isArray(ssh)) return ssh.map(String);
  return Object.entries(ssh).map(([id, path]) => (path ? `${id}=${path}` : id));
}

/** A path of a declaration as the plugin's options write it: relative to the workspace. */
export function fromFolder(folder: string, path: string): string {
  return /^[/~$]/.test(path) ? path : posix.join(folder, path);
}

/** `id=path`, its paths relative to the folder of the file that says it. */
export function inFolder(folder: string, text: string): string {
  const equals = text.indexOf('=');
  if (equals < 0) return text;
  const paths = text.slice(equals + 1).split(',');
  return `${text.slice(0, equals)}=${paths.map((path) => fromFolder(folder, path)).join(',')}`;
}
