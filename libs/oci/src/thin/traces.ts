import type { Readable } from 'node:stream';
import { readTar } from '../tar/read';
import type { TarEntry } from '../tar/entry';
import type { Tree } from '../tree/tree';

/** What a runtime mounts over in every container. */
const ALWAYS = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf', '/run/secrets'];

/**
 * The entries of a RUN's layer that no program made: the empty files and folders that a runtime
 * makes to mount something on, and folders that are as they were. BuildKit takes the first away
 * again and never writes the second, so what is left is what BuildKit's layer has.
 *
 * @param below the files that the RUN was started on
 * @param mountPoints absolute paths of what was mounted for it
 * @returns their paths
 */
export async function runtimeTraces(
  tar: Readable,
  below: Tree,
  mountPoints: readonly string[],
): Promise<Set<string>> {
  const points = new Set([...ALWAYS, ...mountPoints].map((path) => below.resolve(path)));
  const onTheWay = new Set([...points].flatMap(foldersAbove));
  const entries: TarEntry[] = [];
  for await (const { entry } of readTar(tar)) entries.push(entry);
  const traces = new Set<string>();
  const filled = new Set<string>();
  // What is in a folder before the folder itself.
  for (const entry of entries.sort((a, b) => depth(b.path) - depth(a.path))) {
    if (isTrace(entry)) traces.add(entry.path);
    else filled.add(parentOf(entry.path));
  }
  return traces;

  function isTrace(entry: TarEntry): boolean {
    const { path } = entry;
    if (entry.type === 'file') return entry.sizeBytes === 0 && points.has(path);
    if (entry.type !== 'directory' || filled.has(path)) return false;
    const before = below.get(path)?.inode;
    if (!before) return points.has(path) || onTheWay.has(path);
    return isSame(before, entry);
  }
}

function isSame(
  before: Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'xattrs'> & { type: string },
  now: TarEntry,
): boolean {
  return (
    before.type === now.type &&
    before.mode === now.mode &&
    before.uid === now.uid &&
    before.gid === now.gid &&
    Object.keys(before.xattrs ?? {}).length === 0 &&
    Object.keys(now.xattrs ?? {}).length === 0
  );
}

function depth(path: string): number {
  return path === '' ? 0 : path.split('/').length;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}
