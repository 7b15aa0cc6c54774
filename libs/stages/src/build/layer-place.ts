import {
  type BlobSource,
  hasCode,
  type LayerPlace,
  OciError,
  RemoteCache,
  type RemoteCacheOptions,
  Repository,
} from '@excel2doc/oci';

const TIMEOUT_MS = 20_000;
const sources = new Map<string, BlobSource>();

/** A place that layers are fetched from: one that does not answer is not asked again by this process. */
export function layerSource(place: LayerPlace): BlobSource {
  const given = place.kind === 'remote-cache' ? givenCache() : undefined;
  if (place.kind === 'remote-cache' && !given) return NO_REMOTE_CACHE;
  const key = JSON.stringify([place, given]);
  const known = sources.get(key);
  if (known) return known;
  const source = untilDown(
    place.kind === 'registry' ? layerRepository(place.repository) : new RemoteCache(given!),
  );
  sources.set(key, source);
  return source;
}

export function layerRepository(name: string): Repository {
  return new Repository(name, { attempts: 2, timeoutMs: TIMEOUT_MS });
}

/** The remote cache that Nx is given here; undefined where there is none, or none is to be used. */
export function remoteCache(): RemoteCache | undefined {
  const given = givenCache();
  return given && new RemoteCache(given);
}

/** By the environment, as Nx takes it. */
function givenCache(): RemoteCacheOptions | undefined {
  const { env } = process;
  const server = env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER'];
  const token = env['NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN'];
  const isOff = ['NX_DISABLE_REMOTE_CACHE', 'NX_SKIP_REMOTE_CACHE'].some(
    (name) => env[name] === 'true',
  );
  if (!server || isOff) return undefined;
  return { server, timeoutMs: TIMEOUT_MS, ...(token && { token }) };
}

const NO_REMOTE_CACHE: BlobSource = {
  name: 'the remote cache (none is given here)',
  remote: true,
  has: async () => false,
  async open(digest) {
    throw new OciError('BLOB_MISSING', { message: 'no remote cache is given here', digest });
  },
};

function untilDown(source: BlobSource): BlobSource {
  let isDown = false;
  return {
    name: source.name,
    remote: true,
    has: async (digest) => !isDown && (await source.has(digest)),
    async open(digest) {
      if (isDown) throw new OciError('BLOB_MISSING', { message: `${source.name} is down`, digest });
      return source.open(digest).catch((error: unknown) => {
        isDown = hasCode(error, 'REGISTRY', 'UNAUTHORIZED', 'REMOTE_CACHE');
        throw error;
      });
    },
  };
}
