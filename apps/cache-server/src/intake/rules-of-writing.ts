import { NameBudget } from '../archive/entry-names';
import type { NormaliserOptions } from '../archive/normaliser';
import type { Packing } from '../archive/packing';
import type { ArchiveRules } from './archive-messages';

/** For the names of all archives that are under way in this thread. */
export const nameBudget = new NameBudget(32 * 1024 * 1024);

/** Whether what comes is what is written. */
export function isKept({ packing, keepsZstd = false }: ArchiveRules): boolean {
  return keepsZstd && packing === 'zstd';
}

/** How what is written is packed. */
export function writtenPacking(rules: ArchiveRules): Packing {
  return isKept(rules) ? 'zstd' : 'gzip';
}

/** What of the rules is the normaliser's. */
export function normaliserOptions(rules: ArchiveRules): NormaliserOptions {
  const { place, digestContent, packing } = rules;
  return { place, digestContent, packing, isKept: isKept(rules) };
}
