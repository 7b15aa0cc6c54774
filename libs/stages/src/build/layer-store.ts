import { join } from 'node:path';
import { cacheFolder } from '@excel2doc/engine';
import {
  type BlobSource,
  BlobStore,
  evictUnread,
  type ImageRecord,
  type LayerPlace,
  layoutSource,
  moveLayersElsewhere,
  OciError,
  pushOwnLayers,
  sendOwnLayers,
} from '@excel2doc/oci';
import { layerRepository, remoteCache } from './layer-place';

const UNREAD_MS = 30 * 24 * 3600 * 1000;

/** What came from elsewhere, and what went there: shared by all workspaces of a user. */
export function sharedStore(): BlobStore {
  return new BlobStore(join(cacheFolder(), 'blobs'));
}

/**
 * Moves the layers of an output folder elsewhere, and keeps them in this machine's store: what Nx
 * caches of the stage is then its description alone.
 *
 * A place that cannot take them costs a warning, not the build: the folder stays as it was, as it does
 * where no remote cache is given.
 *
 * @param folder absolute path of the output
 */
export async function publishLayers(
  folder: string,
  record: ImageRecord,
  place: LayerPlace,
  say: (line: string) => void = (line) => void process.stdout.write(`! ${line}\n`),
): Promise<void> {
  const source = layoutSource(folder);
  const store = sharedStore();
  const open = place.kind === 'registry' ? toRegistry(place.repository) : toRemoteCache();
  if (!open) return;
  try {
    for (const { from, digest } of record.layers) {
      if (from === 'self' && !(await store.has(digest)))
        await store.put(await source.open(digest), digest);
    }
    const there = await open.send(record, source);
    await moveLayersElsewhere(folder, record, there);
    await evictUnread(store, UNREAD_MS);
    await store.sweep();
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    say(`${error.message}: the layers stay in the output of the stage`);
  } finally {
    await open.close();
  }
}

interface Destination {
  /** @returns where they are then */
  send(record: ImageRecord, source: BlobSource): Promise<LayerPlace>;
  close(): Promise<void>;
}

function toRegistry(name: string): Destination {
  const repository = layerRepository(name);
  return {
    async send(record, source) {
      await pushOwnLayers(repository, record, source);
      return { kind: 'registry', repository: repository.name };
    },
    close: () => repository.close(),
  };
}

function toRemoteCache(): Destination | undefined {
  const cache = remoteCache();
  return (
    cache && {
      async send(record, source) {
        await sendOwnLayers(cache, record, source);
        return { kind: 'remote-cache' };
      },
      close: () => cache.close(),
    }
  );
}
