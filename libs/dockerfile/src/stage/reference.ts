const name =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const tagged =
  /^(.*?)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@([a-z0-9+._-]+:[0-9a-fA-F]{32,}))?$/;

/**
 * The normal form of an image reference, short: `docker.io/library/python:latest` -> `python`.
 * `undefined` when it is no reference.
 *
 * @see https://github.com/distribution/reference, FamiliarString
 */
export function familiarReference(reference: string): string | undefined {
  const [, path = '', tag, digest] = tagged.exec(reference) ?? [];
  if (!name.test(path)) return undefined;
  const [host = '', ...rest] = path.replace(/^index\.docker\.io\//, 'docker.io/').split('/');
  let short = [host, ...rest].join('/');
  if (host === 'docker.io') short = rest.join('/').replace(/^library\//, '');
  // `:latest` is what no tag means.
  const suffix = tag === undefined || (tag === 'latest' && !digest) ? '' : `:${tag}`;
  return short + suffix + (digest ? `@${digest}` : '');
}

export function digestOf(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
}
