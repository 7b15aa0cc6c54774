/**
 * What an installed Python distribution says of itself: the RECORD beside its metadata.
 *
 * @see PyPA specifications, "Recording installed projects"
 */
const RECORD = /^(?:(.*)\/)?([^/]+)\.dist-info\/RECORD$/;

export interface PythonDistribution {
  /** PEP 503: `Foo.Bar` and `foo_bar` are one. Without its version, so that an update stays where it was. */
  name: string;
  /** The folder that RECORD's paths start at. */
  root: string;
  /** Its metadata's folder. */
  metadata: string;
}

/** The distribution whose RECORD a path is. */
export function distributionOf(path: string): PythonDistribution | undefined {
  const match = RECORD.exec(path);
  if (!match) return undefined;
  const [, root = '', written = ''] = match;
  const name = written.replace(/-[^-]*$/, '').replace(/[-_.]+/g, '-');
  return { name: name.toLowerCase(), root, metadata: path.slice(0, -'/RECORD'.length) };
}

/**
 * The paths that a RECORD names, from the root of the layer. A RECORD is what a wheel's author wrote:
 * whatever leads out of the root is left out, and what is left is only a claim.
 */
export function recordedPaths(record: string, root: string): string[] {
  const paths: string[] = [];
  for (const line of record.split(/\r?\n/)) {
    const path = firstField(line);
    const resolved = path && resolve(root, path);
    if (resolved) paths.push(resolved);
  }
  return paths;
}

/** CSV: a field with a comma or a quote is quoted, a quote in it doubled. */
function firstField(line: string): string {
  if (!line.startsWith('"')) return line.split(',', 1)[0]!;
  const match = /^"((?:[^"]|"")*)"/.exec(line);
  return match ? match[1]!.replaceAll('""', '"') : '';
}

function resolve(root: string, path: string): string | undefined {
  const names: string[] = [];
  for (const name of (path.startsWith('/') ? path : `${root}/${path}`).split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return undefined;
  }
  return names.join('/');
}
