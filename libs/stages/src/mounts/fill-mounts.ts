import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileHere } from './kept-file';
import type { KeptMount } from './kept-mounts';
import { bytesOf, within, withoutEmptyFolders } from './listing';
import { type MountBlobs, tarOfMount } from './mount-blobs';
import type { MountHelper } from './mount-helper';
import { isWorthKeeping, paired, partnerOf } from './mount-kinds';
import type { Lying } from './mount-list';
import { countText, type OpenMount } from './open-mount';
import { findUnsound, type Unsound } from './soundness';

interface Parts {
  helper: Pick<MountHelper, 'run'>;
  blobs: Pick<MountBlobs, 'fetch'>;
  budgetBytes: number;
  /** Told what may lie there from now on, also where it fails half-way. */
  onFill: (filled: Map<KeptMount, FileHere[]>) => void;
  say: (line: string) => void;
}

/** Brings what was kept of mounts and is not in them into place. */
export async function fillMounts(
  opened: readonly OpenMount[],
  lying: ReadonlyMap<KeptMount, readonly Lying[]>,
  { helper, blobs, budgetBytes, onFill, say }: Parts,
): Promise<void> {
  const filled = new Map<KeptMount, FileHere[]>();
  for (const { mount, known } of opened) {
    const there = new Set((lying.get(mount) ?? []).map(({ path }) => path));
    const { kind, target } = mount;
    // By whoever wrote the listing: what this kind does not have, or is too much, is not put there.
    const files = paired(
      kind,
      within(known!.files, budgetBytes).filter(
        ({ type, path }) => type === 'directory' || isWorthKeeping(kind, path),
      ),
    );
    // Half of a pair that lies there is its tool's affair.
    const lacking = files.filter(
      ({ type, path }) =>
        type === 'directory' || !(there.has(path) || there.has(partnerOf(kind, path) ?? path)),
    );
    if (lacking.every(({ type }) => type === 'directory')) continue;
    const fetched = await blobs.fetch(lacking, ({ message }) =>
      say(`! cache mount ${target}: ${message}; the rest of what was kept of it stays away`),
    );
    const here = paired(kind, fetched);
    const unsound = await findUnsound(kind, here, target);
    sayUnsound(mount, unsound, say);
    const sound = withoutEmptyFolders(here.filter(({ path }) => !unsound.has(path)));
    if (sound.length === 0) continue;
    filled.set(mount, sound);
  }
  if (filled.size === 0) return;
  onFill(filled);
  await helper.run('fill', [...filled.keys()], async (folder) => {
    for (const [number, files] of [...filled.values()].entries())
      await pipeline(
        Readable.from(tarOfMount(files), { objectMode: false }),
        createWriteStream(join(folder, `${number}.tar`)),
      );
  });
  for (const [{ target }, files] of filled) {
    const count = files.filter(({ type }) => type !== 'directory').length;
    say(`cache mount ${target}: ${countText(count, bytesOf(files))} from the remote cache`);
  }
}

/** Takes away what was put there. */
export async function clearMounts(
  filled: ReadonlyMap<KeptMount, readonly FileHere[]>,
  helper: MountHelper,
): Promise<void> {
  await helper.run('clear', [...filled.keys()], async (folder) => {
    for (const [number, files] of [...filled.values()].entries())
      await writeFile(join(folder, `${number}.paths`), pathLines(files));
  });
}

/** One a line, from the mount's root, for scripts. */
export function pathLines(files: readonly { type: string; path: string }[]): string {
  return files
    .filter(({ type }) => type !== 'directory')
    .map(({ path }) => `./${path}\n`)
    .join('');
}

export function sayUnsound(
  { target }: KeptMount,
  unsound: Unsound,
  say: (line: string) => void,
): void {
  const [first] = unsound;
  if (!first) return;
  const count = unsound.size === 1 ? 'a file' : `${unsound.size} files`;
  say(`! cache mount ${target}: ${count} left out, as ${first[0]}: ${first[1]}`);
}
