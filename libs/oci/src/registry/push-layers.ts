import type { BlobSource } from '../blob/source';
import { hexOf } from '../digest';
import { type Manifest, MEDIA_TYPES } from '../image/types';
import type { ImageRecord } from '../layout/record';
import { layerDescriptor } from '../layout/write-image';
import { pushBlob } from './push-blob';
import { pushBytes } from './push-image';
import type { Repository } from './repository';

const ARTIFACT_TYPE = 'application/vnd.excel2doc.stage-layers.v1';

/**
 * Brings the layers that a stage itself holds into a repository, and a manifest that names them: a
 * registry removes blobs that no manifest has.
 *
 * @returns how many bytes were sent
 */
export async function pushOwnLayers(
  repository: Repository,
  record: ImageRecord,
  source: BlobSource,
): Promise<number> {
  const own = record.layers.filter(({ from }) => from === 'self');
  let sentBytes = 0;
  for (const { digest, sizeBytes } of own) {
    const how = await pushBlob(repository, { digest, sizeBytes, source });
    if (how === 'uploaded') sentBytes += sizeBytes;
  }
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    artifactType: ARTIFACT_TYPE,
    config: await pushBytes(repository, Buffer.from('{}'), MEDIA_TYPES.empty),
    layers: own.map(layerDescriptor),
  };
  const tag = `layers-${hexOf(record.digest).slice(0, 32)}`;
  await repository.putManifest(tag, Buffer.from(JSON.stringify(manifest)), MEDIA_TYPES.manifest);
  return sentBytes;
}
