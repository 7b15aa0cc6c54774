import { posix } from 'node:path';

/** Whose downloads lie in a cache mount; `other` for one that the workspace names itself. */
export type MountKind = 'pip' | 'npm' | 'go' | 'other';

interface Known {
  /** Its place ends so, where the tool has its default. */
  places: RegExp;
  /** What is worth keeping, from the mount's root. */
  keeps: RegExp;
  /** The other half of a file that is nothing without it. */
  partner?: (path: string) => string | undefined;
}

/**
 * What is kept is what the tool holds to something outside of the mount: pip to the digest that the index
 * says now, npm to that of the lock or the registry, Go to go.sum or the sum database. Whatever else lies
 * there (index pages, lists of versions, what was built or unpacked) is asked for or made again.
 *
 * So uv, pnpm and Cargo are not among them: they hold what lies there to what lies beside it. Nor is apt,
 * which takes a .deb of the right length for what it asked for.
 */
const KNOWN: Record<Exclude<MountKind, 'other'>, Known> = {
  pip: {
    places: /(^|\/)\.cache\/pip$|(^|\/)pip(-cache|\/cache)?$/,
    keeps: /^http-v\d+\//,
    // What answered a question, and its body.
    partner: (path) => (path.endsWith('.body') ? path.slice(0, -'.body'.length) : `${path}.body`),
  },
  npm: {
    places: /(^|\/)\.npm$|(^|\/)npm(-cache|\/cache)?$/,
    // It finds them by their digests alone; SHA-1 is none to rely on.
    keeps: /^_cacache\/content-v2\/sha512\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{124}$/,
  },
  go: {
    places: /(^|\/)pkg\/mod$/,
    // Not `.info`: what it says is held to nothing.
    keeps: /^cache\/download\/(?!sumdb\/).*\/@v\/[^/]+\.(mod|zip|ziphash)$/,
    partner: (path) =>
      path.endsWith('.zip')
        ? `${path}hash`
        : path.endsWith('.ziphash')
          ? path.slice(0, -'hash'.length)
          : undefined,
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

/** The other half of a file that is nothing without it; undefined for one that stands alone. */
export function partnerOf(kind: MountKind, path: string): string | undefined {
  return kind === 'other' ? undefined : KNOWN[kind].partner?.(path);
}

/** The files without those whose other half is not among them. */
export function paired<T extends { type: string; path: string }>(
  kind: MountKind,
  files: readonly T[],
): T[] {
  const plain = new Set(files.flatMap(({ type, path }) => (type === 'file' ? path : [])));
  return files.filter(({ type, path }) => {
    const partner = type === 'directory' ? undefined : partnerOf(kind, path);
    return partner === undefined || plain.has(partner);
  });
}
