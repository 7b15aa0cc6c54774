/**
 * Where a repository's sources are, from the address that git or a CI service has of it: the same for a
 * clone by SSH and one by HTTPS, and without the user and the token that may stand in it. Undefined for
 * a path of this machine.
 */
export function sourceUrl(address: string): string | undefined {
  // git@github.com:team/shop.git
  const [, host, path] = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)([^\s]+)$/.exec(address) ?? [];
  if (host && path && host.length > 1) return bare(`https://${host}/${path.replace(/^\/+/, '')}`);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url?.hostname) return undefined;
  if (/^https?:$/.test(url.protocol)) return bare(`${url.protocol}//${url.host}${url.pathname}`);
  // The port is SSH's own.
  if (/^(git\+)?ssh:$|^git:$/.test(url.protocol))
    return bare(`https://${url.hostname}${url.pathname}`);
  return undefined;
}

const bare = (url: string) => url.replace(/\/+$/, '').replace(/\.git$/, '');
