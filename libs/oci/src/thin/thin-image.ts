import { OciError } from '../error';
import { timestamp } from '../image/config';
import type { ImageConfig, Manifest } from '../image/types';
import { type Compression, decompressed } from '../layer/compression';
import { normaliseLayer } from '../layer/normalise';
import type { LayerMaker } from '../layer/times';
import { LayoutDraft } from '../layout/draft';
import { layoutSource, readLayout } from '../layout/read';
import { type Base, type ImageRecord, type LayerRecord, layerRecords } from '../layout/record';
import { pathLayers, writeImage } from '../layout/write-image';
import type { Layering } from '../package-layers/groups';
import { splitLayer } from '../package-layers/split-layer';

export interface ThinImageOptions {
  /** The full layout that BuildKit exported. */
  layoutDir: string;
  /** Replaced whole. */
  outputDir: string;
  base: Base;
  /** `linux/amd64` */
  platform: string;
  /** What the config says as the time of its making, in seconds; 0 where left out. */
  epochS?: number;
  compression?: Compression;
  /** For a stage that is exported by paths (BuildKit gives one layer each, in this order). */
  paths?: string[];
  /** What made each layer above the base, lowest first; where left out, what the history says of it. */
  makers?: readonly LayerMaker[];
  /** Of exported paths: `stage`, one layer each, where left out. */
  layering?: Layering;
}

/**
 * Makes BuildKit's export a thin, reproducible output: the base's layers are left out, the ones above
 * it are normalised, the config loses its times and whatever names the machine.
 *
 * @throws OciError `NOT_A_BASE` when the export is not built on `base`, and what reading a layout throws
 */
export async function thinImage(options: ThinImageOptions): Promise<ImageRecord> {
  const { layoutDir, outputDir, base, platform, epochS = 0, compression = 'gzip' } = options;
  const { paths, layering = 'stage' } = options;
  const { manifest, config } = await readLayout(layoutDir, platform);
  const above = layersAbove(base, manifest, config);
  const source = layoutSource(layoutDir);
  const draft = await LayoutDraft.start(outputDir);
  try {
    const own: LayerRecord[][] = [];
    const makers = makersOf(options, config, above.length);
    for (const [at, layer] of above.entries()) {
      const position = { by: makers[at]!, below: base.layers.length + at };
      const normalise = { store: draft.store, position, compression };
      const openTar = async () => decompressed(await source.open(layer.digest), layer.mediaType);
      const written =
        paths && layering === 'package'
          ? await splitLayer(openTar, normalise, base.layers.length + own.flat().length)
          : [await normaliseLayer(openTar, normalise)];
      own.push(written.map((each) => ({ ...each, from: 'self' })));
    }
    const counts = own.map(({ length }) => length);
    return await writeImage(draft, {
      platform,
      base: base.reference,
      config: perLayer(withoutTraces(config, base.config, epochS), base.config, counts),
      layers: [...base.layers, ...own.flat()],
      ...(paths && { paths: pathLayers(paths, own) }),
    });
  } finally {
    await draft.discard();
  }
}

/**
 * The layers that an image has above `base`, lowest first.
 *
 * @throws OciError `NOT_A_BASE` when base's layers are no prefix of the image's
 */
export function layersAbove(base: Base, manifest: Manifest, config: ImageConfig): LayerRecord[] {
  const all = layerRecords(manifest, config, 'self');
  base.layers.forEach((layer, at) => {
    const found = all[at]?.diffId ?? 'no layer';
    if (found === layer.diffId) return;
    throw new OciError('NOT_A_BASE', {
      message: `layer ${at + 1} of the export is not the base's`,
      hint: `expected ${layer.diffId}, found ${found}: the base image changed during the build, or the lock is old`,
      expected: layer.diffId,
      found,
    });
  });
  return all.slice(base.layers.length);
}

/** What made each of the `count` layers above the base. */
function makersOf(
  { paths, makers, base }: ThinImageOptions,
  { history = [] }: ImageConfig,
  count: number,
): LayerMaker[] {
  if (makers?.length === count) return [...makers];
  const made = history.filter((entry) => !entry.empty_layer).slice(base.layers.length);
  return Array.from({ length: count }, (_, at) => {
    if (paths) return 'stage';
    return /^RUN\b/.test(made[at]?.created_by ?? '') ? 'run' : 'context';
  });
}

/**
 * The base's part of the history is taken from the base: BuildKit fills in the time of the build
 * where an entry has none. The rest gets the one time.
 */
function withoutTraces(config: ImageConfig, base: ImageConfig | undefined, epochS: number) {
  const created = timestamp(epochS);
  const inherited = base?.history?.length ?? 0;
  const history = (config.history ?? []).map((entry, at) =>
    at < inherited ? base!.history![at]! : { ...entry, created },
  );
  return { ...config, created, history };
}

/**
 * The history with an entry for each layer, where one instruction came to several: who reads it goes
 * by their number.
 */
function perLayer(
  config: ImageConfig,
  base: ImageConfig | undefined,
  counts: readonly number[],
): ImageConfig {
  const inherited = base?.history?.length ?? 0;
  let layer = 0;
  const history = config.history!.flatMap((entry, at) => {
    if (at < inherited || entry.empty_layer) return [entry];
    return Array.from({ length: counts[layer++] ?? 1 }, () => entry);
  });
  return { ...config, history };
}
