import { join } from 'node:path';
import type {
  AzureConfig,
  BucketConfig,
  DiskConfig,
  ServerStoreConfig,
  StoreConfig,
} from '../config/config';
import type { KeyRing } from '../encryption/key-ring';
import type { EntryKey } from '../entry-key';
import { CacheError } from '../error';
import type { Spool, SpoolRules } from '../upload/spool';
import { DiskStore } from './disk-store';
import type { ObjectBucket } from './object-bucket';
import type { Remote } from './remote';
import { SpoolingStore } from './spooling-store';
import type { Store } from './store';
import { TieredStore } from './tiered-store';

const azureVariable = 'AZURE_STORAGE_CONNECTION_STRING';

export interface StoreParts {
  spool: Spool;
  spoolRules: SpoolRules;
  stateDirectory: string;
  ring: KeyRing | null;
  /** Ids of keys that are gone for good. */
  retired: readonly string[];
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
  const backFailed = (error: unknown) => onEvent({ kind: 'back-failed', error });
  const openDisk = ({ directory }: DiskConfig) =>
    new DiskStore(directory, { damaged, unreadable }, parts.ring);
  const openRemote = async (remote: BucketConfig | ServerStoreConfig): Promise<Remote> => {
    // Loaded only here: a disk needs no HTTP client.
    if (remote.kind === 'server') {
      const { ServerRemote } = await import('./server-remote.js');
      return new ServerRemote(remote, parts.spool, parts.spoolRules);
    }
    const { BucketRemote } = await import('./bucket-remote.js');
    const bucket = await openBucket(remote);
    const opened = new BucketRemote(bucket, remote.prefix, { ...parts, damaged, unreadable });
    await opened.checkKeys().catch((error: unknown) => {
      // One that does not answer is no reason for a disk in front of it not to start.
      if (config.kind !== 'tiers' || error instanceof CacheError) throw error;
      backFailed(error);
    });
    return opened;
  };
  let store: Store;
  switch (config.kind) {
    case 'disk':
      store = openDisk(config);
      break;
    case 'tiers': {
      const pending = join(parts.stateDirectory, 'pending');
      const tiers = new TieredStore(
        openDisk(config.front),
        await openRemote(config.back),
        pending,
        { backFailed },
      );
      await tiers.open();
      store = tiers;
      break;
    }
    default:
      store = new SpoolingStore(await openRemote(config));
  }
  await store.check();
  return store;
}

/** Never showing what is in the variable: it may be a key. */
async function openAzure(config: AzureConfig): Promise<ObjectBucket> {
  const { AzureBucket } = await import('./azure-bucket.js');
  try {
    return new AzureBucket(config, process.env[azureVariable] ?? '');
  } catch {
    throw new CacheError('CONFIG_INVALID', {
      message: `store azure: ${azureVariable} in the environment is no connection string`,
      hint: 'az storage account show-connection-string prints it',
    });
  }
}

/** Each provider's SDK is loaded only where it is used: each takes longer than all the rest. */
async function openBucket(config: BucketConfig): Promise<ObjectBucket> {
  switch (config.kind) {
    case 's3':
      return new (await import('./s3-bucket.js')).S3Bucket(config);
    case 'gcs':
      return new (await import('./gcs-bucket.js')).GcsBucket(config);
    case 'azure':
      return openAzure(config);
  }
}
