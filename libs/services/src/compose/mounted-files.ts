import { createHmac } from 'node:crypto';
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
  /** Undefined where it is gone. */
  digest: string | undefined;
}

/** What the files of a project are looked at with. */
export interface Look {
  /** A variable that a config or a secret is made of. */
  valueOf: (variable: string) => string | undefined;
  /**
   * Of the digests of secrets, which say nothing of a short one to whoever has not got it. It is of one
   * checkout; what is no secret has the same digest in all, so that one made anew replaces nothing.
   */
  key: string;
  /** Whether what is mounted by its path lies on this machine. */
  isHere: boolean;
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

const NO_KEY = '';

/** Of files above this size, and of those that we may not read, size and time stand for the content. */
const READ_BYTES = 16 * 1024 * 1024;

/**
 * The files among what a service mounts to read only, with its configs and its secrets. A folder is data,
 * and what may be written to is the container's own: neither is looked at.
 */
export function mountedFiles(
  config: { configs?: Record<string, GivenFile>; secrets?: Record<string, GivenFile> },
  { volumes = [], configs = [], secrets = [] }: Mounts,
  { valueOf, key, isHere }: Look,
): MountedFile[] {
  const ofPath = (target: string, path: string, own = NO_KEY) =>
    (isHere ? contentsOf(path) : []).map((content) => ({
      target,
      source: path,
      digest: content === undefined ? undefined : digestOf(own, content),
    }));
  const files = volumes.filter(isRead).flatMap(({ source = '', target }) => ofPath(target, source));
  const granted = [
    ...configs.map((grant) => ({ ...grant, kind: 'config', of: config.configs?.[grant.source] })),
    ...secrets.map((grant) => ({ ...grant, kind: 'secret', of: config.secrets?.[grant.source] })),
  ].flatMap(({ source, target: path = source, kind, of }) => {
    const target = `${kind} ${path}`;
    const own = kind === 'secret' ? key : NO_KEY;
    if (of?.file) return ofPath(target, of.file, own);
    const content = of?.content ?? (of?.environment && valueOf(of.environment));
    return content === undefined
      ? []
      : [{ target, source: `${kind} ${source}`, digest: digestOf(own, content) }];
  });
  return [...files, ...granted].sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** What `MOUNTED_LABEL` says of files; empty of none. */
export function mountedLabel(files: readonly MountedFile[]): string {
  const found = files.filter(({ digest }) => digest !== undefined);
  if (found.length === 0) return '';
  return JSON.stringify(Object.fromEntries(found.map(({ target, digest }) => [target, digest])));
}

/**
 * The sources of those files whose content is another one than a container's label says. A digest that
 * was made with another key says nothing of it.
 */
export function changedSources(label: string, files: readonly MountedFile[]): string[] {
  const before = readLabel(label);
  return files
    .filter(({ target, digest }) => {
      const known = before.get(target);
      return known && digest && known !== digest && keyOf(known) === keyOf(digest);
    })
    .map(({ source }) => source);
}

/** The first file that a container was given, and that is gone: Docker would make a folder there. */
export function lostSource(label: string, files: readonly MountedFile[]): string | undefined {
  const before = readLabel(label);
  return files.find(({ target, digest }) => digest === undefined && before.has(target))?.source;
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

/**
 * The content of a file, or what stands for it; `[undefined]` where it is gone, and nothing for what
 * is no file that we see: a folder, a socket, a device, or what we may not look at.
 */
function contentsOf(path: string): (string | Buffer | undefined)[] {
  try {
    const found = statSync(path);
    if (!found.isFile()) return [];
    const { size, mtimeMs } = found;
    return [(size <= READ_BYTES ? readOf(path) : undefined) ?? `${size} ${mtimeMs}`];
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [undefined] : [];
  }
}

/** Undefined for what the engine may read and we may not. */
function readOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** With the key's own digest, by which digests of another key are known. */
const digestOf = (key: string, content: string | Buffer) =>
  `${hmac(key, '').slice(0, 6)}.${hmac(key, content).slice(0, 12)}`;

const keyOf = (digest: string) => digest.split('.').at(-2);

const hmac = (key: string, content: string | Buffer) =>
  createHmac('sha256', key).update(content).digest('hex');

/** Digests by target; none where the label is not ours. */
function readLabel(label: string): Map<string, string> {
  try {
    const entries = Object.entries(JSON.parse(label || '{}') as object);
    return new Map(entries.map(([target, digest]) => [target, String(digest)]));
  } catch {
    return new Map();
  }
}
