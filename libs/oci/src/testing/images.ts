import { gzipSync } from 'node:zlib';
import { BlobStore } from '../blob/store';
import { digestOf } from '../digest';
import {
  type HistoryEntry,
  type ImageConfig,
  type Manifest,
  MEDIA_TYPES,
  parsePlatform,
  type RunConfig,
} from '../image/types';
import { writeLayoutFiles } from '../layout/draft';
import { type Item, tarOf } from './trees';

export interface MadeImage {
  layers: Item[][];
  platform?: string;
  config?: RunConfig;
  history?: HistoryEntry[];
  created?: string;
}

/** A full OCI layout, as an engine would export it. */
export async function writeFullLayout(folder: string, image: MadeImage): Promise<Manifest> {
  const { layers, platform = 'linux/amd64', config = {}, history, created } = image;
  const store = new BlobStore(folder, { durable: false });
  const tars = layers.map(tarOf);
  const blobs = [];
  for (const tar of tars) blobs.push(await store.putBytes(gzipSync(tar)));
  const imageConfig: ImageConfig = {
    ...parsePlatform(platform),
    created: created ?? '2024-05-06T07:08:09.123Z',
    config,
    rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    history: history ?? layers.map((_, at) => ({ created_by: `layer ${at}` })),
  };
  const storedConfig = await store.putBytes(Buffer.from(JSON.stringify(imageConfig)));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: {
      mediaType: MEDIA_TYPES.config,
      digest: storedConfig.digest,
      size: storedConfig.sizeBytes,
    },
    layers: blobs.map((blob) => ({
      mediaType: MEDIA_TYPES.layerGzip,
      digest: blob.digest,
      size: blob.sizeBytes,
    })),
  };
  const stored = await store.putBytes(Buffer.from(JSON.stringify(manifest)));
  await writeLayoutFiles(folder, [
    {
      mediaType: MEDIA_TYPES.manifest,
      digest: stored.digest,
      size: stored.sizeBytes,
      platform: parsePlatform(platform),
    },
  ]);
  return manifest;
}
