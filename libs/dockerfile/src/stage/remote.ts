/** What an ADD source is when it is no path: BuildKit downloads it. */
export type RemoteSource = { kind: 'http' | 'git'; pinned: boolean };

const commit = /^[0-9a-f]{40}$/;

/**
 * @returns `undefined` for a path of the context
 * @see https://docs.docker.com/reference/dockerfile/#adding-files-from-a-git-repository
 */
export function remoteSource(
  source: string,
  checksum: string | undefined,
): RemoteSource | undefined {
  const isHttp = /^https?:\/\//.test(source);
  const isGit =
    /^(?:git|ssh):\/\//.test(source) ||
    /^[a-zA-Z0-9._-]+@[^/:]+:/.test(source) ||
    (isHttp && /^https?:\/\/[^?#]*\.git(?:[?#]|$)/.test(source)) ||
    /^github\.com\//.test(source);
  if (isGit) {
    const reference = /#([^:]*)/.exec(source)?.[1] ?? '';
    return { kind: 'git', pinned: commit.test(reference) || commit.test(checksum ?? '') };
  }
  return isHttp ? { kind: 'http', pinned: checksum !== undefined } : undefined;
}
