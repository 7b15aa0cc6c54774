import { bytesText } from '@excel2doc/oci';
import type { KeptMount } from './kept-mounts';
import type { Listing } from './listing';
import type { ListingStore } from './listing-store';

/** A mount, where its listings are, and what they said before the build. */
export interface OpenMount {
  mount: KeptMount;
  store: ListingStore;
  /** The newest; undefined where there is none, or what it names was refused. */
  known: Listing | undefined;
  /** When the newest was written: what another build writes meanwhile is told by it. */
  seenMs: number | undefined;
}

/** How much it is, in words. */
export function countText(files: number, bytes: number): string {
  return `${files} file${files === 1 ? '' : 's'} (${bytesText(bytes)})`;
}
