import type { RuleSet } from '../rules';

/** What an ADD source is when it is no path: BuildKit downloads it. */
export type RemoteSource = { kind: 'http' | 'git'; pinned: boolean };

/** Up to 0.13 a host may do without a protocol: `example.com/a.git`. */
function isBareGit(source: string): boolean {
  if (/^\.\.?\/|:\/\//.test(source)) return false;
  return /^[a-zA-Z0-9._~:[\]-]+\/[^?#\s]*\.git(?:[?#]|$)/.test(source);
}

const commit = /^[0-9a-f]{40}$/;

/**
 * @returns `undefined` for a path of the context
 * @see https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository
 */
export function remoteSource(
  source: string,
  checksum: string | undefined,
  rules: RuleSet,
): RemoteSource | undefined {
  const isHttp = /^https?:\/\//.test(source);
  const isGit =
    /^(?:git|ssh):\/\//.test(source) ||
    /^[a-zA-Z0-9._-]+@[^/:]+:/.test(source) ||
    (isHttp && /^https?:\/\/[^?#]*\.git(?:[?#]|$)/.test(source)) ||
    /^github\.com\//.test(source) ||
    (rules < 34 && isBareGit(source));
  if (isGit) {
    const reference = /#([^:]*)/.exec(source)?.[1] ?? '';
    return { kind: 'git', pinned: commit.test(reference) || commit.test(checksum ?? '') };
  }
  return isHttp ? { kind: 'http', pinned: checksum !== undefined && checksum !== '' } : undefined;
}
