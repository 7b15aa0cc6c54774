import { type Digest, isDigest } from '../digest';
import { OciError } from '../error';
import type { ImageConfig, Manifest } from '../image/types';

/** Where a layer comes from: what the stage is built on, the stage itself, or another stage. */
export type LayerOrigin = 'base' | 'self' | `stage:${string}`;

export interface LayerRecord {
  digest: Digest;
  /** Digest of the uncompressed tar. */
  diffId: Digest;
  sizeBytes: number;
  mediaType: string;
  from: LayerOrigin;
}

export type BaseReference =
  | { kind: 'image'; reference: string; digest: Digest }
  | { kind: 'stage'; stage: string; digest: Digest }
  | { kind: 'scratch' };

/** `image.json`: what a stage's thin output is, and what it needs from elsewhere. */
export interface ImageRecord {
  format: 1;
  /** Of the manifest: what an engine with the containerd store reports for the loaded image. */
  digest: Digest;
  configDigest: Digest;
  /** `linux/amd64` */
  platform: string;
  base: BaseReference;
  /** The lowest first. */
  layers: LayerRecord[];
  /** All layers, compressed. */
  sizeBytes: number;
  /** The layers that lie in this output, compressed. */
  ownSizeBytes: number;
  /** For a stage that is exported by paths: the layers that hold each of them, the lowest first. */
  paths?: ExportedPath[];
}

export interface ExportedPath {
  path: string;
  layers: Digest[];
}

/** What a stage is built on, with all that is needed to leave its layers out. */
export interface Base {
  reference: BaseReference;
  layers: LayerRecord[];
  /** Absent for scratch. */
  config?: ImageConfig;
}

export const SCRATCH: Base = { reference: { kind: 'scratch' }, layers: [] };

/** @throws OciError `BAD_DOCUMENT` when manifest and config disagree on the number of layers */
export function baseFromImage(
  reference: string,
  digest: Digest,
  manifest: Manifest,
  config: ImageConfig,
): Base {
  return {
    reference: { kind: 'image', reference, digest },
    layers: layerRecords(manifest, config, 'base'),
    config,
  };
}

/** A stage's output as what the next one is built on. */
export function baseFromStage(stage: string, record: ImageRecord, config: ImageConfig): Base {
  return {
    reference: { kind: 'stage', stage, digest: record.digest },
    layers: record.layers.map((layer) => ({
      ...layer,
      from: layer.from === 'self' ? (`stage:${stage}` as const) : layer.from,
    })),
    config,
  };
}

export function layerRecords(manifest: Manifest, config: ImageConfig, from: LayerOrigin) {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new OciError('BAD_DOCUMENT', {
      message: 'manifest and config disagree on the number of layers',
      expected: String(manifest.layers.length),
      found: String(diffIds.length),
    });
  }
  return manifest.layers.map((layer, at): LayerRecord => ({
    digest: layer.digest,
    diffId: diffIds[at]!,
    sizeBytes: layer.size,
    mediaType: layer.mediaType,
    from,
  }));
}

export function sumSizes(layers: readonly LayerRecord[]): number {
  return layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
}

/**
 * Checks the shape of what `image.json` held.
 *
 * @throws OciError `BAD_DOCUMENT`
 */
export function parseImageRecord(text: string, place: string): ImageRecord {
  const refuse = (cause?: unknown) =>
    new OciError('BAD_DOCUMENT', {
      message: `${place} is no image record`,
      hint: 'remove the folder: its stage is built again',
      cause,
    });
  let record: ImageRecord;
  try {
    record = JSON.parse(text) as ImageRecord;
  } catch (cause) {
    throw refuse(cause);
  }
  const isLayer = (layer: LayerRecord) =>
    isDigest(layer?.digest) &&
    isDigest(layer.diffId) &&
    Number.isSafeInteger(layer.sizeBytes) &&
    typeof layer.mediaType === 'string' &&
    /^(base|self|stage:.+)$/.test(layer.from);
  const valid =
    record?.format === 1 &&
    isDigest(record.digest) &&
    isDigest(record.configDigest) &&
    typeof record.platform === 'string' &&
    ['image', 'stage', 'scratch'].includes(record.base?.kind) &&
    Array.isArray(record.layers) &&
    record.layers.every(isLayer);
  if (!valid) throw refuse();
  return record;
}
