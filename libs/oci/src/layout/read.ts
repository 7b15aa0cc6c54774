import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonBlob } from '../blob/source';
import { BlobStore } from '../blob/store';
import type { Digest } from '../digest';
import { OciError } from '../error';
import type { Descriptor, ImageConfig, Index, Manifest } from '../image/types';
import { formatPlatform, MEDIA_TYPES } from '../image/types';
import { IMAGE_JSON } from './draft';
import { type LayerPlace, readLayersElsewhere } from './elsewhere';
import { baseFromImage, type Base, type ImageRecord, parseImageRecord } from './record';

export interface Image {
  descriptor: Descriptor;
  manifest: Manifest;
  config: ImageConfig;
}

/** A layout as a place that blobs come from. */
export function layoutSource(directory: string): BlobStore {
  return new BlobStore(directory, { durable: false });
}

/**
 * The image for `platform` in an OCI layout, by way of nested indexes, attestations left out.
 *
 * @param platform `linux/amd64`; a variant only has to match where both sides name one
 * @throws OciError `LAYOUT_INCOMPLETE`, `PLATFORM_MISSING`, `BLOB_MISSING`, `BLOB_DAMAGED`
 */
export async function readLayout(directory: string, platform: string): Promise<Image> {
  const source = layoutSource(directory);
  const seen: string[] = [];

  async function search(descriptors: Descriptor[]): Promise<Image | null> {
    for (const descriptor of descriptors) {
      if (isIndex(descriptor.mediaType)) {
        const found = await search(
          (await readJsonBlob<Index>(source, descriptor.digest)).manifests,
        );
        if (found) return found;
        continue;
      }
      if (descriptor.annotations?.['vnd.docker.reference.type']) continue;
      if (descriptor.platform && !matches(formatPlatform(descriptor.platform), platform)) {
        seen.push(formatPlatform(descriptor.platform));
        continue;
      }
      const written = await readJsonBlob<Manifest>(source, descriptor.digest);
      // BuildKit writes null for an image without one.
      const manifest = { ...written, layers: written.layers ?? [] };
      const config = await readJsonBlob<ImageConfig>(source, manifest.config.digest);
      if (matches(formatPlatform(config), platform)) return { descriptor, manifest, config };
      seen.push(formatPlatform(config));
    }
    return null;
  }

  const found = await search((await readIndex(directory)).manifests);
  if (found) return found;
  throw new OciError('PLATFORM_MISSING', {
    message: `${directory} has no image for ${platform}`,
    hint: `it has: ${[...new Set(seen)].join(', ') || 'none'}`,
    expected: platform,
    found: seen.join(', '),
  });
}

/** A base image that lies on the disk as a full layout. */
export async function readBaseImage(
  directory: string,
  platform: string,
  reference: string,
): Promise<Base> {
  const { descriptor, manifest, config } = await readLayout(directory, platform);
  return baseFromImage(reference, descriptor.digest, manifest, config);
}

/** A stage's output that was read and found whole. */
export interface StageOutput {
  directory: string;
  record: ImageRecord;
  manifest: Manifest;
  config: ImageConfig;
  /** Where its own layers are, where the folder has not got them. */
  layersIn: LayerPlace | undefined;
}

/**
 * A thin output folder: its record, checked against its manifest and config, and its own layers
 * present in their full size, unless they are elsewhere. Their content is checked when it is read.
 *
 * @throws OciError `LAYOUT_INCOMPLETE`, `BAD_DOCUMENT`, `BLOB_DAMAGED`, `BLOB_MISSING`
 */
export async function readImageRecord(directory: string): Promise<StageOutput> {
  const path = join(directory, IMAGE_JSON);
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw incomplete(directory, 'image.json is missing', cause);
  });
  const record = parseImageRecord(text, path);
  const index = await readIndex(directory);
  if (!index.manifests.some((manifest) => manifest.digest === record.digest)) {
    throw incomplete(directory, 'index.json names another manifest than image.json');
  }
  const source = layoutSource(directory);
  const manifest = await readJsonBlob<Manifest>(source, record.digest);
  const config = await readJsonBlob<ImageConfig>(source, record.configDigest);
  const agrees =
    manifest.config.digest === record.configDigest &&
    manifest.layers.length === record.layers.length &&
    record.layers.every(
      (layer, at) =>
        manifest.layers[at]!.digest === layer.digest &&
        manifest.layers[at]!.size === layer.sizeBytes &&
        config.rootfs.diff_ids[at] === layer.diffId,
    );
  if (!agrees) throw incomplete(directory, 'image.json and the manifest disagree');
  const layersIn = await readLayersElsewhere(directory);
  for (const layer of record.layers) {
    if (layer.from !== 'self' || layersIn) continue;
    const size = await source.sizeOf(layer.digest);
    if (size !== layer.sizeBytes)
      throw incomplete(directory, `layer ${layer.digest} is missing or cut`);
  }
  return { directory, record, manifest, config, layersIn };
}

/** Checks the content of every blob that the folder itself holds; a damaged one is moved away. */
export async function checkOwnBlobs({ directory, record }: StageOutput): Promise<void> {
  const source = layoutSource(directory);
  const own = new Set<Digest>(
    record.layers.filter((layer) => layer.from === 'self').map((layer) => layer.digest),
  );
  for (const digest of own) await source.check(digest);
}

async function readIndex(directory: string): Promise<Index> {
  try {
    const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as Index;
    if (Array.isArray(index.manifests)) return index;
  } catch (cause) {
    throw incomplete(directory, 'index.json cannot be read', cause);
  }
  throw incomplete(directory, 'index.json lists no manifests');
}

function incomplete(directory: string, what: string, cause?: unknown): OciError {
  return new OciError('LAYOUT_INCOMPLETE', {
    message: `${directory}: ${what}`,
    hint: 'remove the folder: its stage is built again',
    cause,
  });
}

function isIndex(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.index || mediaType === MEDIA_TYPES.dockerIndex;
}

function matches(has: string, wanted: string): boolean {
  return has === wanted || has.startsWith(`${wanted}/`) || wanted.startsWith(`${has}/`);
}
