import { encodeConfig } from '../image/config';
import { type Descriptor, type ImageConfig, type Manifest, MEDIA_TYPES } from '../image/types';
import { OciError } from '../error';
import type { LayoutDraft } from './draft';
import {
  type BaseReference,
  type ExportedPath,
  type ImageRecord,
  type LayerRecord,
  sumSizes,
} from './record';

export interface ThinImage {
  platform: string;
  base: BaseReference;
  config: ImageConfig;
  /** The lowest first; those `from: 'self'` are in the draft's store already. */
  layers: LayerRecord[];
  paths?: ImageRecord['paths'];
}

/** Writes config, manifest and record into the draft, and puts it in its place. */
export async function writeImage(draft: LayoutDraft, image: ThinImage): Promise<ImageRecord> {
  const { platform, base, layers, paths } = image;
  const diffIds = layers.map((layer) => layer.diffId);
  const config = await draft.store.putBytes(
    encodeConfig({ ...image.config, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest: config.digest, size: config.sizeBytes },
    layers: layers.map(layerDescriptor),
  };
  const stored = await draft.store.putBytes(Buffer.from(JSON.stringify(manifest)));
  const record: ImageRecord = {
    format: 1,
    digest: stored.digest,
    configDigest: config.digest,
    platform,
    base,
    layers,
    sizeBytes: sumSizes(layers),
    ownSizeBytes: sumSizes(layers.filter((layer) => layer.from === 'self')),
    ...(paths && { paths }),
  };
  await draft.commit(record, {
    mediaType: MEDIA_TYPES.manifest,
    digest: stored.digest,
    size: stored.sizeBytes,
  });
  return record;
}

/** Docker's own media types become OCI's: a manifest may not mix the two. */
export function layerDescriptor(layer: LayerRecord): Descriptor {
  const mediaType = layer.mediaType
    .replace('application/vnd.docker.image.rootfs.diff.tar', MEDIA_TYPES.layerTar)
    .replace('.tar.gzip', '.tar+gzip');
  return { mediaType, digest: layer.digest, size: layer.sizeBytes };
}

/**
 * Which layers hold which path.
 *
 * @param own the layers of each instruction
 * @throws OciError `BAD_DOCUMENT`
 */
export function pathLayers(
  paths: readonly string[],
  own: readonly (readonly LayerRecord[])[],
): ExportedPath[] {
  if (paths.length !== own.length) {
    throw new OciError('BAD_DOCUMENT', {
      message: 'the export has not one layer for each path',
      hint: 'each path is one COPY --link of its own',
      expected: String(paths.length),
      found: String(own.length),
    });
  }
  return paths.map((path, at) => ({ path, layers: own[at]!.map(({ digest }) => digest) }));
}
