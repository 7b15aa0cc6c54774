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
import { type LockedImage, mirrored } from '../build/bases';
import { StagesError } from '../fault';

/**
 * What a registry has under a tag now: the digest of its index, and one for each platform.
 *
 * @throws StagesError `BASE_UNAVAILABLE` when no registry answers, or it has no such image.
 */
export async function resolveImage(reference: string): Promise<LockedImage> {
  const place = mirrored(reference);
  const repository = new Repository(place, { attempts: 2, timeoutMs: 15_000 });
  try {
    const { tag = 'latest' } = parseReference(place);
    const found = await repository.getManifest(tag);
    if (!found) throw unavailable(reference, `${repository.name} has no ${tag}`);
    const document = JSON.parse(found.bytes.toString('utf8')) as Index | Manifest;
    const digest = found.descriptor.digest;
    if ('manifests' in document) return { digest, platforms: platformsOf(document) };
    const config = JSON.parse(
      (await readBlob(repository, document.config.digest)).toString('utf8'),
    ) as ImageConfig;
    return { digest, platforms: { [platformName(config)]: digest } };
  } catch (error) {
    // An answer with a status is one of a registry that is there: its own words say more.
    if (!hasCode(error, 'REGISTRY') || error.status !== undefined) throw error;
    throw unavailable(reference, `no registry answers at ${repository.name}`, error);
  } finally {
    await repository.close();
  }
}

/** Attestations stand in an index as images for `unknown/unknown`. */
function platformsOf({ manifests }: Index): Record<string, string> {
  return Object.fromEntries(
    manifests.flatMap(({ platform, digest }) =>
      platform && platform.os !== 'unknown' ? [[platformName(platform), digest]] : [],
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
    hint: 'The lock is as it was. EXCEL2DOC_REGISTRY_MIRROR=HOST names a mirror of Docker Hub',
    cause,
  });
}
