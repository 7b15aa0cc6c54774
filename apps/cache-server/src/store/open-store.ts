import { join } from 'node:path';
import type { DiskConfig, S3Config, ServerStoreConfig, StoreConfig } from '../config/config';
import type { KeyRing } from '../encryption/key-ring';
import type { EntryKey } from '../entry-key';
import type { Spool, SpoolRules } from '../upload/spool';
import { DiskStore } from './disk-store';
import type { Remote } from './remote';
import { SpoolingStore } from './spooling-store';
import type { Store } from './store';
import { TieredStore } from './tiered-store';

export interface StoreParts {
  spool: Spool;
  spoolRules: SpoolRules;
  stateDirectory: string;
  ring: KeyRing | null;
}

export type StoreEvent =
  | { kind: 'damaged'; key: EntryKey }
  | { kind: 'unreadable'; key: EntryKey }
  | { kind: 'back-failed'; error: unknown };

/** Opens the configured store and checks that it can serve. */
export async function openStore(
  config: StoreConfig,
  parts: StoreParts,
  onEvent: (event: StoreEvent) => void,
): Promise<Store> {
  const damaged = (key: EntryKey) => onEvent({ kind: 'damaged', key });
  const unreadable = (key: EntryKey) => onEvent({ kind: 'unreadable', key });
  const openDisk = ({ directory }: DiskConfig) =>
    new DiskStore(directory, { damaged, unreadable }, parts.ring);
  const openRemote = async (remote: S3Config | ServerStoreConfig): Promise<Remote> => {
    const { spool, spoolRules } = parts;
    // Loaded only here: a disk needs no HTTP client, and the AWS SDK takes longer than all the rest.
    if (remote.kind === 'server') {
      const { ServerRemote } = await import('./server-remote.js');
      return new ServerRemote(remote, spool, spoolRules);
    }
    const { S3Remote } = await import('./s3-remote.js');
    return new S3Remote(remote, spool, spoolRules, damaged);
  };
  let store: Store;
  switch (config.kind) {
    case 'disk':
      store = openDisk(config);
      break;
    case 's3':
      store = new SpoolingStore(await openRemote(config));
      break;
    case 'tiers': {
      const pending = join(parts.stateDirectory, 'pending');
      const backFailed = (error: unknown) => onEvent({ kind: 'back-failed', error });
      const tiers = new TieredStore(
        openDisk(config.front),
        await openRemote(config.back),
        pending,
        { backFailed },
      );
      await tiers.open();
      store = tiers;
    }
  }
  await store.check();
  return store;
}
