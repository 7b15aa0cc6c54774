import { createHash } from 'node:crypto';

/**
 * The integrities that one file of npm's cache index names, of tarballs alone.
 *
 * @param text lines of `<sha1 of the JSON>\t<JSON>`, each behind a newline
 * @returns undefined where a line is damaged, or none is of a tarball
 * @see npm/cacache, lib/entry-index.js
 */
export function npmIntegrities(text: string): string[] | undefined {
  const found: string[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const tab = line.indexOf('\t');
    const json = line.slice(tab + 1);
    if (tab < 0 || createHash('sha1').update(json).digest('hex') !== line.slice(0, tab))
      return undefined;
    const { key, integrity } = JSON.parse(json) as { key?: unknown; integrity?: unknown };
    // A deleted one has none.
    if (typeof integrity !== 'string') continue;
    if (typeof key !== 'string' || !/\.tgz(?:$|[?#])/.test(key)) return undefined;
    found.push(...integrity.split(/\s+/));
  }
  return found.length > 0 ? found : undefined;
}
