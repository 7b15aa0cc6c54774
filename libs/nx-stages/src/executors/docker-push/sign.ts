import { type Digest, type Manifest, readBlob, type Repository } from '@excel2doc/oci';
import { attest, provenance, type Making, signerOf, signImage } from '@excel2doc/services';
import type { PushedPart } from '@excel2doc/stages';

/**
 * Signs what the tags are going to name, with the provenance of it and the list of packages of each
 * platform as signed documents.
 *
 * @param signer `keyless` or a key
 * @throws StagesError `SIGNING_FAILED`
 */
export async function signWhole(
  repository: Repository,
  whole: Digest,
  parts: readonly PushedPart[],
  making: Omit<Making, 'platforms'>,
  signer: string,
): Promise<void> {
  const by = signerOf(signer);
  const at = (digest: Digest) => `${repository.name}@${digest}`;
  const platforms = parts.map(({ platform }) => platform);
  const content = JSON.stringify(provenance({ ...making, platforms }));
  await signImage(at(whole), by);
  await attest(at(whole), by, [{ type: 'slsaprovenance1', content }]);
  for (const { descriptor, sbom } of parts) {
    if (sbom === null) continue;
    const packages = await documentOf(repository, sbom);
    await attest(at(descriptor.digest), by, [{ type: 'spdxjson', content: packages }]);
  }
}

/** The one layer of what refers to an image. */
async function documentOf(repository: Repository, digest: Digest): Promise<Buffer> {
  const found = await repository.getManifest(digest);
  const { layers } = JSON.parse(found!.bytes.toString('utf8')) as Manifest;
  return readBlob(repository, layers[0]!.digest);
}
