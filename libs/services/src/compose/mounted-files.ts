import { createHash } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';

/**
 * The label that tells a container's files apart from those of now. Compose looks at where a file is
 * mounted, not at what is in it; with their digests in a label, another content is another
 * configuration, and the container is replaced like one whose image is another.
 */
export const MOUNTED_LABEL = 'nx-stages.mounted-files';

/** A file that a service is given, and only reads. */
export interface MountedFile {
  /** In the container. */
  target: string;
  /** On this machine, or what it is called in the Compose files. */
  source: string;
  digest: string;
}

/** What a service mounts, as `compose config` says it. */
export interface Mounts {
  volumes?: Volume[];
  configs?: { source: string; target?: string }[];
  secrets?: { source: string; target?: string }[];
}

interface Volume {
  type: string;
  source?: string;
  target: string;
  read_only?: boolean;
}

/** A config or a secret of a project: a file, a text, or the value of a variable. */
export interface GivenFile {
  file?: string;
  content?: string;
  environment?: string;
}

/** Of files above this size, and of those that we may not read, size and time stand for the content. */
const READ_BYTES = 16 * 1024 * 1024;

/**
 * The files among what a service mounts to read only, with its configs and its secrets. A folder is data,
 * and what may be written to is the container's own: neither is looked at.
 *
 * @param valueOf a variable that a config or a secret is made of
 */
export function mountedFiles(
  config: { configs?: Record<string, GivenFile>; secrets?: Record<string, GivenFile> },
  { volumes = [], configs = [], secrets = [] }: Mounts,
  valueOf: (variable: string) => string | undefined,
): MountedFile[] {
  const files = volumes.filter(isRead).map(({ source = '', target }) => ({
    target,
    source,
    digest: fileDigest(source),
  }));
  const granted = [
    ...configs.map((grant) => ({ ...grant, kind: 'config', of: config.configs?.[grant.source] })),
    ...secrets.map((grant) => ({ ...grant, kind: 'secret', of: config.secrets?.[grant.source] })),
  ].map(({ source, target = source, kind, of }) => {
    const value = of?.content ?? (of?.environment && valueOf(of.environment));
    return {
      target: `${kind} ${target}`,
      source: of?.file ?? `${kind} ${source}`,
      digest: of?.file ? fileDigest(of.file) : value === undefined ? undefined : digestOf(value),
    };
  });
  return [...files, ...granted]
    .filter((each): each is MountedFile => each.digest !== undefined)
    .sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** What `MOUNTED_LABEL` says of files; empty of none. */
export const mountedLabel = (files: readonly MountedFile[]): string =>
  files.length === 0
    ? ''
    : JSON.stringify(Object.fromEntries(files.map(({ target, digest }) => [target, digest])));

/** The sources of those files whose content is another one than a container's label says. */
export function changedSources(label: string, files: readonly MountedFile[]): string[] {
  const before = readLabel(label);
  return files
    .filter(({ target, digest }) => before.has(target) && before.get(target) !== digest)
    .map(({ source }) => source);
}

/** The first file that a container was given, and that is gone: Docker would make a folder there. */
export function lostSource(label: string, { volumes = [] }: Mounts): string | undefined {
  const before = readLabel(label);
  return volumes.find(
    (volume) =>
      isRead(volume) && before.has(volume.target) && volume.source && isGone(volume.source),
  )?.source;
}

/** The files that a service may write to and that were written since `sinceMs`, by it or by others. */
export function writtenSources({ volumes = [] }: Mounts, sinceMs: number): string[] {
  return volumes.flatMap(({ type, source = '', read_only: isReadOnly }) => {
    const found = type === 'bind' && !isReadOnly && statOf(source);
    return found && found.isFile() && found.mtimeMs > sinceMs ? [source] : [];
  });
}

const isRead = ({ type, read_only: isReadOnly }: Volume) => type === 'bind' && isReadOnly === true;

/** Undefined for what is not there, and for what we may not look at, as below another's folder. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** What we may not look at is not gone. */
function isGone(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Undefined for what is no file that we see: nothing, a folder, a socket, a device. */
function fileDigest(path: string): string | undefined {
  const found = statOf(path);
  if (!found?.isFile()) return undefined;
  if (found.size <= READ_BYTES)
    try {
      return digestOf(readFileSync(path));
    } catch {
      // The engine may read what we may not.
    }
  return digestOf(`${found.size} ${found.mtimeMs}`);
}

const digestOf = (content: string | Buffer) =>
  createHash('sha256').update(content).digest('hex').slice(0, 12);

/** Digests by target; none where the label is not ours. */
function readLabel(label: string): Map<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(label || '{}') as object));
  } catch {
    return new Map();
  }
}
