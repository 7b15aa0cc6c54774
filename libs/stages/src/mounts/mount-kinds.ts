import { posix } from 'node:path';

/** Whose downloads lie in a cache mount; `other` for one that the workspace names itself. */
export type MountKind = 'pip' | 'uv' | 'npm' | 'pnpm' | 'go' | 'cargo' | 'other';

interface Known {
  /** Its place ends so, where the tool has its default. */
  places: RegExp;
  /** What is worth keeping, from the mount's root. */
  keeps: RegExp;
  /** What the rest is checked by: read after every build. */
  checkedBy?: RegExp;
}

/**
 * What is kept is asked for by name and digest by the tool that has it. What only saves a question (index
 * pages, lists of versions) is left to be asked again, so that the digests come from the index and not
 * from here; what was unpacked is unpacked again.
 *
 * apt is not among them: it takes a .deb of the right length for what it asked for.
 */
const KNOWN: Record<Exclude<MountKind, 'other'>, Known> = {
  pip: {
    places: /(^|\/)\.cache\/pip$|(^|\/)pip(-cache|\/cache)?$/,
    keeps: /^(http(-v\d+)?|wheels)\//,
  },
  uv: {
    places: /(^|\/)uv(-cache|\/cache)?$/,
    keeps: /^(CACHEDIR\.TAG$|\.gitignore$|(archive|wheels|sdists)-v\d+\/)/,
    checkedBy: /\.dist-info\/RECORD$/,
  },
  npm: {
    places: /(^|\/)\.npm$|(^|\/)npm(-cache|\/cache)?$/,
    keeps: /^_cacache\/(content-v2|index-v5)\//,
    checkedBy: /^_cacache\/index-v5\//,
  },
  pnpm: {
    places: /(^|\/)(\.?pnpm-store|pnpm\/store|share\/pnpm|pnpm)$/,
    keeps: /^(store\/)?v\d+\/(files|index)\//,
  },
  go: {
    places: /(^|\/)pkg\/mod$/,
    keeps: /^cache\/download\/(?!sumdb\/).*\/@v\/[^/]+\.(info|mod|zip|ziphash)$/,
    checkedBy: /\.ziphash$/,
  },
  cargo: {
    places: /(^|\/)cargo\/registry$|(^|\/)\.cargo\/registry$/,
    keeps: /^(cache\/[^/]+\/[^/]+\.crate|index\/[^/]+\/(config\.json|\.cache\/.+))$/,
    checkedBy: /^index\//,
  },
};

/**
 * @param target where the mount lies
 * @param others paths that the workspace wants kept besides
 */
export function kindOf(target: string, others: readonly string[]): MountKind | undefined {
  const path = posix.normalize(target).replace(/\/+$/, '');
  const known = Object.entries(KNOWN).find(([, { places }]) => places.test(path));
  if (known) return known[0] as MountKind;
  return others.some((other) => posix.normalize(other).replace(/\/+$/, '') === path)
    ? 'other'
    : undefined;
}

/** Whether a file of a mount is worth keeping. */
export function isWorthKeeping(kind: MountKind, path: string): boolean {
  return kind === 'other' || KNOWN[kind].keeps.test(path);
}

/** Whether other files are checked by it. */
export function isCheckedBy(kind: MountKind, path: string): boolean {
  return kind !== 'other' && (KNOWN[kind].checkedBy?.test(path) ?? false);
}
