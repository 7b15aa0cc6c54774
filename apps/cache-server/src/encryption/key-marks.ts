import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CacheError } from '../error';
import type { KeyRing } from './key-ring';

const idForm = /^[0-9a-f]{16}$/;
/** Is there once nothing lies in the clear any more. */
const onlySealed = 'only-sealed';

export interface KeyState {
  /** Whether there may be entries that these keys do not open: they are to be removed. */
  isSweepDue: boolean;
  /** To be called when they are. */
  swept(): Promise<void>;
}

/**
 * Notes which keys a store's entries are sealed with (a folder with a file for each, named by its id),
 * so that a wrong key ends the start instead of making everything a miss.
 *
 * @throws CacheError `CONFIG_INVALID` when a key is missing that entries are sealed with
 */
export async function checkKeys(
  folder: string,
  ring: KeyRing | null,
  retired: readonly string[],
): Promise<KeyState> {
  const names: string[] = await readdir(folder).catch(() => []);
  const used = refuseWithout(names, ring, retired);
  refuseKept(ring, retired);
  // From now on there may be something in the clear.
  if (ring) await mark(folder, ring.currentId);
  else await rm(join(folder, onlySealed), { force: true });
  const gone = used.filter((id) => retired.includes(id));
  return {
    isSweepDue: gone.length > 0 || (ring !== null && !names.includes(onlySealed)),
    swept: async () => {
      if (ring) await mark(folder, onlySealed);
      for (const id of gone) await rm(join(folder, id), { force: true });
    },
  };
}

/** @throws CacheError `CONFIG_INVALID` when a key is there that was given up */
export function refuseKept(ring: KeyRing | null, retired: readonly string[]): void {
  const kept = retired.find((id) => ring?.get(id));
  if (kept !== undefined) {
    throw new CacheError('CONFIG_INVALID', {
      message: `key ${kept} is under encryption.keys and encryption.retired`,
      hint: 'take it out of one of them',
    });
  }
}

/**
 * Of the names of marks, those of keys.
 *
 * @throws CacheError `CONFIG_INVALID` when the ring lacks one of them that nobody gave up
 */
export function refuseWithout(
  marks: readonly string[],
  ring: KeyRing | null,
  retired: readonly string[],
): string[] {
  const used = marks.filter((name) => idForm.test(name));
  const missing = used.find((id) => !ring?.get(id) && !retired.includes(id));
  if (missing === undefined) return used;
  throw new CacheError('CONFIG_INVALID', {
    message: `entries are encrypted with key ${missing}, which is not under encryption.keys`,
    hint: `add that key, or give its entries up: encryption.retired: ['${missing}']`,
  });
}

/** On the disk when this resolves: before the first entry of that key is. */
async function mark(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, name), 'a');
  await file.sync();
  await file.close();
  const parent = await open(folder, 'r');
  await parent.sync();
  await parent.close();
}
