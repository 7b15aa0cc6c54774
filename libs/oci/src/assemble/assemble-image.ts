import type { BlobSource } from '../blob/source';
import type { Digest } from '../digest';
import { OciError } from '../error';
import { timestamp } from '../image/config';
import { parsePlatform } from '../image/types';
import type { Compression } from '../layer/compression';
import { LayerWriter } from '../layer/writer';
import { LayoutDraft } from '../layout/draft';
import type { Base, ImageRecord, LayerRecord } from '../layout/record';
import { pathLayers, writeImage } from '../layout/write-image';
import { hasRoomFor, type Layering } from '../package-layers/groups';
import { Contents, type LayerPlace } from '../tree/contents';
import { IndexCache } from '../tree/index-cache';
import { mergeLayers } from '../tree/merge';
import { Tree } from '../tree/tree';
import type { Assembly, CarriedOut, StageInput } from './assembly';
import { canAssemble } from './can-assemble';
import { ChangedTree, splitEntries, writeEntries } from './changed-tree';
import { type BuildContext, contextTree } from './context';
import { absolutePath } from './copy';
import { runCopy } from './copy-instruction';
import type { Instruction } from './instruction';
import { applyMetadata, emptyConfig, inheritedConfig } from './metadata';
import { lookUpOwner } from './owner';

export interface AssembleOptions {
  /** Replaced whole. */
  outputDir: string;
  /**
   * What the stage is FROM, and a source that gives its layers where their index is not cached. Its
   * layers `from: 'self'` are the stage's own, made by BuildKit before.
   */
  parent: Base & { source?: BlobSource };
  instructions: readonly Instruction[];
  /** Absent where no instruction reads it. */
  context?: BuildContext;
  stages?: Readonly<Record<string, StageInput>>;
  /** `linux/amd64` */
  platform: string;
  /** What the config says as the time of its making, in seconds; 0 where left out. */
  epochS?: number;
  compression?: Compression;
  /** Where layers' indexes are kept; in the user's cache folder where left out. */
  indexFolder?: string;
  /** The stage had a CMD before these instructions. */
  cmdIsSet?: boolean;
  /** For a stage that is exported by paths: each is one COPY --link, in this order. */
  paths?: readonly string[];
  /** Of what is copied from a stage: `stage`, one layer an instruction, where left out. */
  layering?: Layering;
}

/**
 * Puts a stage together without an engine, with the result that BuildKit gives: one layer for each
 * COPY, ADD and WORKDIR, an empty one where it changes nothing, config and history as it writes them.
 *
 * @throws OciError `NOT_ASSEMBLABLE` (give it to BuildKit), `ASSEMBLY_FAILED` (BuildKit would fail
 *   too), `CONTEXT_CHANGED`, `BLOB_MISSING`
 */
export async function assembleImage(options: AssembleOptions): Promise<ImageRecord> {
  const { instructions, parent, platform, epochS = 0 } = options;
  refuseUncovered(options);
  const assembly = await start(options);
  const draft = await LayoutDraft.start(options.outputDir);
  const created = timestamp(epochS);
  const made: LayerRecord[][] = [];
  let cmdIsSet = options.cmdIsSet ?? false;
  try {
    for (const instruction of instructions) {
      const done = await carryOut(assembly, instruction, cmdIsSet);
      if (instruction.kind === 'cmd') cmdIsSet = true;
      const layers = done.changes
        ? await writeLayers(assembly, done, draft, options)
        : (done.reused ?? []);
      assembly.layers.push(...layers);
      if (layers.length > 0) made.push(layers);
      const entry = { created, created_by: done.createdBy, comment: 'buildkit.dockerfile.v0' };
      if (layers.length === 0) assembly.config.history!.push({ ...entry, empty_layer: true });
      // Who reads the history goes by the number of layers.
      for (let count = layers.length; count > 0; count--) assembly.config.history!.push(entry);
    }
    await keepOwnLayers(parent, draft);
    return await writeImage(draft, {
      platform,
      base: parent.reference,
      config: { ...assembly.config, created },
      layers: assembly.layers,
      ...(options.paths && { paths: pathLayers(options.paths, made) }),
    });
  } finally {
    await assembly.contents.close();
    await draft.discard();
  }
}

function refuseUncovered({ instructions, parent, stages = {} }: AssembleOptions): void {
  const isImage = parent.reference.kind === 'image';
  const answer = canAssemble(instructions, {
    stages: Object.keys(stages),
    ...(isImage && { onBuild: parent.config?.config?.OnBuild ?? [] }),
  });
  if (answer.ok) return;
  throw new OciError('NOT_ASSEMBLABLE', { message: `line ${answer.line}: ${answer.reason}` });
}

async function start(options: AssembleOptions): Promise<Assembly> {
  const { parent, stages = {}, context, platform, indexFolder } = options;
  const indexes = new IndexCache(indexFolder);
  const places = new Map<Digest, LayerPlace>();
  const offer = (layers: readonly LayerRecord[], source: BlobSource | undefined) => {
    if (source) for (const layer of layers) places.set(layer.digest, { layer, source });
  };
  for (const { record, source } of Object.values(stages)) offer(record.layers, source);
  offer(parent.layers, parent.source);

  const trees = new Map<string, Tree>();
  let contextFiles: Tree | undefined;
  const needsFiles = options.instructions.some(({ kind }) =>
    ['copy', 'add', 'workdir'].includes(kind),
  );
  if (needsFiles && parent.layers.length > 0 && !parent.source) {
    throw new OciError('BLOB_MISSING', {
      message: 'no source for the layers of what the stage is FROM',
    });
  }
  return {
    tree: needsFiles ? await mergeLayers(parent.layers, parent.source!, indexes) : new Tree(),
    config: parent.config ? inheritedConfig(parent.config) : emptyConfig(parsePlatform(platform)),
    layers: [...parent.layers],
    contents: new Contents(places),
    context: () => (contextFiles ??= contextTree(context ?? { directory: '/', files: [] })),
    async stage(name) {
      const input = stages[name]!;
      const tree =
        trees.get(name) ?? (await mergeLayers(input.record.layers, input.source, indexes));
      trees.set(name, tree);
      return { input, tree };
    },
    indexes,
  };
}

async function carryOut(
  assembly: Assembly,
  instruction: Instruction,
  cmdIsSet: boolean,
): Promise<CarriedOut> {
  switch (instruction.kind) {
    case 'copy':
    case 'add':
      return runCopy(assembly, instruction);
    case 'run':
    case 'onbuild':
    case 'other':
      throw new OciError('NOT_ASSEMBLABLE', { message: `line ${instruction.line}` });
    case 'workdir': {
      const createdBy = applyMetadata(assembly.config, instruction, cmdIsSet);
      const { tree, contents, config } = assembly;
      const { WorkingDir = '/', User = '' } = config.config!;
      if (WorkingDir === '/') return { createdBy };
      const changes = new ChangedTree(tree);
      const owner = User ? await lookUpOwner(User, tree, contents) : undefined;
      changes.makeFolders(tree.resolve(absolutePath('/', WorkingDir)), owner);
      return { createdBy, changes };
    }
    default:
      return { createdBy: applyMetadata(assembly.config, instruction, cmdIsSet) };
  }
}

/**
 * A parent that is the first part of the same stage (what BuildKit ran of it) has layers that are the
 * stage's own: they go into its output.
 */
export async function keepOwnLayers(
  parent: AssembleOptions['parent'],
  draft: LayoutDraft,
): Promise<void> {
  for (const { digest, from } of parent.layers) {
    if (from === 'self') await draft.store.put(await parent.source!.open(digest), digest);
  }
}

/** One layer; or several, where it is packages that were copied from a stage. */
async function writeLayers(
  { contents, layers }: Assembly,
  { changes, isFromStage }: CarriedOut,
  draft: LayoutDraft,
  { compression = 'gzip', layering = 'stage' }: AssembleOptions,
): Promise<LayerRecord[]> {
  const entries = changes!.entries();
  // All at once: a layer that content lies in is read through each time.
  await contents.prepare(entries.map(({ inode }) => inode));
  const parts =
    isFromStage && layering === 'package' ? await splitEntries(entries, contents) : [entries];
  const written: LayerRecord[] = [];
  for (const part of hasRoomFor(parts.length, layers.length) ? parts : [entries]) {
    const writer = await LayerWriter.start(draft.store, compression);
    try {
      await writeEntries(part, writer, contents, isFromStage ? 'stage' : 'context');
      written.push({ ...(await writer.finish()), from: 'self' });
    } finally {
      await writer.discard();
    }
  }
  return written;
}
