import { type BlobSource, readJsonBlob } from '../blob/source';
import { sourceChain } from '../blob/chain';
import { inMemory } from '../blob/memory';
import { digestOf } from '../digest';
import { encodeConfig } from '../image/config';
import type { ImageConfig, Manifest } from '../image/types';
import type { ImageRecord } from '../layout/record';

/** What is said about an image besides what it is built of. */
export interface ImageDescription {
  /** In the config; null takes one away that the image has. */
  labels: Readonly<Record<string, string | null>>;
  /** In the manifest. */
  annotations: Readonly<Record<string, string>>;
}

export interface DescribedImage {
  record: ImageRecord;
  source: BlobSource;
}

/**
 * The image with other labels and annotations: another config and another manifest over the same
 * layers. What `source` gives stays as it is, so nothing that is built on the image changes.
 *
 * @throws what reading a blob throws
 */
export async function describeImage(
  { record, source }: DescribedImage,
  { labels, annotations }: ImageDescription,
): Promise<DescribedImage> {
  if (Object.keys({ ...labels, ...annotations }).length === 0) return { record, source };
  const manifest = await readJsonBlob<Manifest>(source, record.digest);
  const config = await readJsonBlob<ImageConfig>(source, record.configDigest);
  const own = { ...config.config?.Labels, ...labels };
  const kept = Object.entries(own).filter((each): each is [string, string] => each[1] !== null);
  const { Labels: _, ...rest } = config.config ?? {};
  const configBytes = encodeConfig({
    ...config,
    config: { ...rest, ...(kept.length > 0 && { Labels: sorted(Object.fromEntries(kept)) }) },
  });
  const configDigest = digestOf(configBytes);
  const said = sorted({ ...manifest.annotations, ...annotations });
  const manifestBytes = Buffer.from(
    JSON.stringify({
      ...manifest,
      config: { ...manifest.config, digest: configDigest, size: configBytes.length },
      ...(Object.keys(said).length > 0 && { annotations: said }),
    }),
  );
  const digest = digestOf(manifestBytes);
  const blobs = new Map([
    [configDigest, configBytes],
    [digest, manifestBytes],
  ]);
  return {
    record: { ...record, digest, configDigest },
    source: sourceChain([inMemory(blobs), source]),
  };
}

/** Whichever order they are given in, the digest is one. */
const sorted = (entries: Record<string, string>) =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
