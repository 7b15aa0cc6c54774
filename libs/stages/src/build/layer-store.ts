import { join } from 'node:path';
import { cacheFolder } from '@excel2doc/engine';
import {
  type BlobSource,
  BlobStore,
  type ImageRecord,
  OciError,
  Repository,
  evictUnread,
  hasCode,
  layoutSource,
  moveLayersElsewhere,
  pushOwnLayers,
} from '@excel2doc/oci';

const UNREAD_MS = 30 * 24 * 3600 * 1000;

/** What came from registries, and what went there: shared by all workspaces of a user. */
export function sharedStore(): BlobStore {
  return new BlobStore(join(cacheFolder(), 'blobs'));
}

const sources = new Map<string, BlobSource>();

/** A registry that layers are fetched from: one that does not answer is not asked again by this process. */
export function layerSource(name: string): BlobSource {
  const known = sources.get(name);
  if (known) return known;
  const repository = layerRepository(name);
  let isDown = false;
  const source: BlobSource = {
    name: repository.name,
    remote: true,
    has: async (digest) => !isDown && (await repository.has(digest)),
    async open(digest) {
      if (isDown) throw new OciError('BLOB_MISSING', { message: `${name} is down`, digest });
      return repository.open(digest).catch((error: unknown) => {
        isDown = hasCode(error, 'REGISTRY', 'UNAUTHORIZED');
        throw error;
      });
    },
  };
  sources.set(name, source);
  return source;
}

function layerRepository(name: string): Repository {
  return new Repository(name, { attempts: 2, timeoutMs: 20_000 });
}

/**
 * Moves the layers of an output folder into a registry, and keeps them in this machine's store: what
 * Nx caches of the stage is then its description alone.
 *
 * A registry that cannot take them costs a warning, not the build: the folder stays as it was.
 *
 * @param folder absolute path of the output
 */
export async function publishLayers(
  folder: string,
  record: ImageRecord,
  repositoryName: string,
  say: (line: string) => void = (line) => void process.stdout.write(`! ${line}\n`),
): Promise<void> {
  const source = layoutSource(folder);
  const store = sharedStore();
  const repository = layerRepository(repositoryName);
  try {
    for (const { from, digest } of record.layers) {
      if (from === 'self' && !(await store.has(digest)))
        await store.put(await source.open(digest), digest);
    }
    await pushOwnLayers(repository, record, source);
    await moveLayersElsewhere(folder, record, repository.name);
    await evictUnread(store, UNREAD_MS);
    await store.sweep();
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    say(`${error.message}: the layers stay in the output of the stage`);
  } finally {
    await repository.close();
  }
}
