import { keepOwnLayers } from '../assemble/assemble-image';
import { absolutePath } from '../assemble/copy';
import {
  applyMetadata,
  emptyConfig,
  inheritedConfig,
  type MetadataInstruction,
} from '../assemble/metadata';
import { type BlobSource } from '../blob/source';
import { sourceChain } from '../blob/chain';
import { OciError } from '../error';
import { timestamp } from '../image/config';
import { type ImageConfig, parsePlatform } from '../image/types';
import { type Compression, decompressed } from '../layer/compression';
import { normaliseLayer } from '../layer/normalise';
import { LayoutDraft } from '../layout/draft';
import { layoutSource, readLayout } from '../layout/read';
import type { Base, ImageRecord } from '../layout/record';
import { writeImage } from '../layout/write-image';
import { IndexCache } from '../tree/index-cache';
import { mergeLayers } from '../tree/merge';
import { layersAbove } from './thin-image';
import { runtimeTraces } from './traces';

/** A RUN, or an instruction that changes nothing but the config. */
export type RunStep =
  | {
      kind: 'run';
      /** For the history. */
      createdBy: string;
      /** What was mounted for it; relative ones start at the working directory. */
      mountPoints: readonly string[];
    }
  | MetadataInstruction;

export interface RunImageOptions {
  /** What an engine exported: the parent's layers, and above them one for each RUN. */
  layoutDir: string;
  /** Replaced whole. */
  outputDir: string;
  parent: Base & { source?: BlobSource };
  /** All that the engine carried out, in order. */
  steps: readonly RunStep[];
  /** `linux/amd64` */
  platform: string;
  /** What the config says as the time of its making, in seconds; 0 where left out. */
  epochS?: number;
  compression?: Compression;
  /** Where layers' indexes are kept; in the user's cache folder where left out. */
  indexFolder?: string;
  /** The stage had a CMD before these steps. */
  cmdIsSet?: boolean;
}

/**
 * What an engine that is no BuildKit made of some RUNs, as BuildKit would have written it: of its
 * export only the layers are taken, without what the runtime left in them. The config is made from
 * the steps: engines do not agree on it (Podman drops a HEALTHCHECK, and adds labels of its own).
 *
 * @throws OciError `NOT_A_BASE` when the export is not built on `parent`, `BAD_DOCUMENT` when it has
 *   not one layer for each RUN
 */
export async function runImage(options: RunImageOptions): Promise<ImageRecord> {
  const { layoutDir, parent, platform, epochS = 0, compression = 'gzip' } = options;
  const exported = await readLayout(layoutDir, platform);
  const above = layersAbove(parent, exported.manifest, exported.config);
  const { config, mountPoints } = afterSteps(options);
  if (above.length !== mountPoints.length) {
    throw new OciError('BAD_DOCUMENT', {
      message: 'the export has not one layer for each RUN',
      expected: String(mountPoints.length),
      found: String(above.length),
    });
  }
  const source = layoutSource(layoutDir);
  const indexes = new IndexCache(options.indexFolder);
  const layers = [...parent.layers];
  const draft = await LayoutDraft.start(options.outputDir);
  const below = sourceChain([draft.store, ...(parent.source ? [parent.source] : [])]);
  try {
    for (const [at, layer] of above.entries()) {
      const openTar = async () => decompressed(await source.open(layer.digest), layer.mediaType);
      const tree = await mergeLayers(layers, below, indexes);
      const leaveOut = await runtimeTraces(await openTar(), tree, mountPoints[at]!);
      const position = { by: 'run' as const, below: layers.length };
      const normalised = { store: draft.store, position, compression, leaveOut };
      const written = await normaliseLayer(openTar, normalised);
      layers.push({ ...written, from: 'self' });
    }
    await keepOwnLayers(parent, draft);
    return await writeImage(draft, {
      platform,
      base: parent.reference,
      config: { ...config, created: timestamp(epochS) },
      layers,
    });
  } finally {
    await draft.discard();
  }
}

/** The config as BuildKit makes it of the steps, and where something was mounted for each RUN. */
function afterSteps({ parent, steps, platform, epochS = 0, ...rest }: RunImageOptions): {
  config: ImageConfig;
  mountPoints: string[][];
} {
  const config = parent.config
    ? inheritedConfig(parent.config)
    : emptyConfig(parsePlatform(platform));
  const created = timestamp(epochS);
  const mountPoints: string[][] = [];
  let cmdIsSet = rest.cmdIsSet ?? false;
  for (const step of steps) {
    if (step.kind === 'run') {
      const folder = config.config?.WorkingDir || '/';
      mountPoints.push(step.mountPoints.map((path) => absolutePath(folder, path)));
      config.history!.push({ created, created_by: step.createdBy });
      continue;
    }
    const created_by = applyMetadata(config, step, cmdIsSet);
    if (step.kind === 'cmd') cmdIsSet = true;
    config.history!.push({
      created,
      created_by,
      comment: 'buildkit.dockerfile.v0',
      empty_layer: true,
    });
  }
  return { config, mountPoints };
}
