import { mkdir } from 'node:fs/promises';
import { BlobStore } from '../blob/store';
import type { Digest } from '../digest';
import { OciError } from '../error';
import { type Index, type Manifest, MEDIA_TYPES, formatPlatform } from '../image/types';
import { writeLayoutFiles } from '../layout/draft';
import { readLayout } from '../layout/read';
import type { Repository } from './repository';

/**
 * Brings one platform's image of `digest` (an index or a manifest) into a full OCI layout. What is
 * there already is not fetched again, so a pull that was cut short goes on where it was; the layout
 * has no index.json until all of it is there.
 *
 * @param directory absolute; made where it is missing
 * @returns digest of the platform's manifest
 * @throws OciError `BLOB_MISSING`, `PLATFORM_MISSING`, `BLOB_DAMAGED`, and what the registry refuses
 */
export async function pullImage(
  repository: Repository,
  digest: Digest,
  platform: string,
  directory: string,
): Promise<Digest> {
  const whole = await readLayout(directory, platform).catch(() => null);
  if (whole) return whole.descriptor.digest;
  await mkdir(directory, { recursive: true });
  const store = new BlobStore(directory);
  const found = await fetchManifest(repository, digest, platform);
  const manifest = JSON.parse(found.bytes.toString('utf8')) as Manifest;
  for (const blob of [manifest.config, ...manifest.layers]) {
    const intact = await store.check(blob.digest).then(
      () => true,
      () => false,
    );
    if (!intact) await store.put(await repository.open(blob.digest), blob.digest);
  }
  await store.putBytes(found.bytes);
  await writeLayoutFiles(directory, [
    {
      ...found.descriptor,
      annotations: { 'org.opencontainers.image.ref.name': 'base' },
    },
  ]);
  return found.descriptor.digest;
}

async function fetchManifest(repository: Repository, digest: Digest, platform: string) {
  const answer = await repository.getManifest(digest);
  if (!answer) {
    throw new OciError('BLOB_MISSING', {
      message: `${repository.name} has no ${digest}`,
      hint: 'lock the base images again: the registry no longer has this one',
      digest,
    });
  }
  const { mediaType } = answer.descriptor;
  if (mediaType !== MEDIA_TYPES.index && mediaType !== MEDIA_TYPES.dockerIndex) return answer;
  const { manifests } = JSON.parse(answer.bytes.toString('utf8')) as Index;
  const one = manifests.find(
    (each) => each.platform && fits(formatPlatform(each.platform), platform),
  );
  const manifest = one && (await repository.getManifest(one.digest));
  if (manifest) return manifest;
  throw new OciError('PLATFORM_MISSING', {
    message: `${repository.name}@${digest} has no image for ${platform}`,
    expected: platform,
    found: manifests
      .flatMap((each) => (each.platform ? formatPlatform(each.platform) : []))
      .join(', '),
  });
}

/** `linux/arm64` takes `linux/arm64/v8`, which is what registries call it. */
function fits(has: string, wanted: string): boolean {
  return has === wanted || has.startsWith(`${wanted}/`);
}
