import type { LockedImage } from '@excel2doc/engine';
import { isDeepStrictEqual } from 'node:util';
import {
  type ImageConfig,
  type Index,
  type Manifest,
  type Platform,
  Repository,
  formatPlatform,
  hasCode,
  parseReference,
  readBlob,
} from '@excel2doc/oci';
import { atMirror, configFacts } from './bases';
import { StagesError } from '../workspace/fault';

/**
 * What a registry has under a tag now: the digest of its index, one for each platform, and what these
 * hand down to an image that is built on them.
 *
 * @param at the digest that it is locked to: asked for instead of the tag
 * @throws StagesError `BASE_UNAVAILABLE` when no registry answers, or it has no such image.
 */
export async function resolveImage(reference: string, at?: string | null): Promise<LockedImage> {
  const place = atMirror(reference);
  const repository = new Repository(place, { attempts: 2, timeoutMs: 15_000 });
  try {
    const { tag = 'latest' } = parseReference(place);
    const found = await repository.getManifest(at ?? tag);
    if (!found) throw unavailable(reference, `${repository.name} has no ${at ?? tag}`);
    const document = JSON.parse(found.bytes.toString('utf8')) as Index | Manifest;
    const digest = found.descriptor.digest;
    if (!('manifests' in document)) {
      const config = await readConfig(repository, document);
      return { digest, platforms: { [platformName(config)]: digest }, ...configFacts(config) };
    }
    const platforms = platformsOf(document);
    const configs: ImageConfig[] = [];
    for (const each of Object.values(platforms)) {
      const manifest = await repository.getManifest(each);
      if (!manifest) throw unavailable(reference, `${repository.name} has no ${each}`);
      const { bytes } = manifest;
      configs.push(await readConfig(repository, JSON.parse(bytes.toString('utf8')) as Manifest));
    }
    return { digest, platforms, ...commonFacts(configs) };
  } catch (error) {
    // An answer with a status is one of a registry that is there: its own words say more.
    if (!hasCode(error, 'REGISTRY') || error.status !== undefined) throw error;
    throw unavailable(reference, `no registry answers at ${repository.name}`, error);
  } finally {
    await repository.close();
  }
}

async function readConfig(repository: Repository, { config }: Manifest): Promise<ImageConfig> {
  const bytes = await readBlob(repository, config.digest);
  return JSON.parse(bytes.toString('utf8')) as ImageConfig;
}

/** What is not the same everywhere counts as not known. */
function commonFacts(configs: readonly ImageConfig[]): Pick<LockedImage, 'env' | 'onbuild'> {
  const [first, ...others] = configs.map(configFacts);
  if (!first) return {};
  const same = (key: keyof typeof first) =>
    others.every((other) => isDeepStrictEqual(other[key], first[key]));
  return {
    ...(same('env') && { env: first.env }),
    ...(same('onbuild') && { onbuild: first.onbuild }),
  };
}

/** Attestations stand in an index as images for `unknown/unknown`. */
function platformsOf({ manifests }: Index): Record<string, string> {
  return Object.fromEntries(
    manifests.flatMap(({ platform, digest }) =>
      platform?.os === 'linux' ? [[platformName(platform), digest]] : [],
    ),
  );
}

/** v8 is the only arm64 that images are made for; engines and options leave it out. */
function platformName(platform: Platform): string {
  return formatPlatform(platform).replace(/^linux\/arm64\/v8$/, 'linux/arm64');
}

function unavailable(reference: string, what: string, cause?: unknown): StagesError {
  return new StagesError('BASE_UNAVAILABLE', {
    message: `${reference} cannot be locked: ${what}`,
    hint: 'The lock is as it was. NX_STAGES_REGISTRY_MIRROR=HOST names a mirror of Docker Hub',
    cause,
  });
}
