import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '@excel2doc/engine';
import {
  type BlobSource,
  type Digest,
  type ImageConfig,
  type Manifest,
  layoutSource,
  readJsonBlob,
  writeLayoutFiles,
} from '@excel2doc/oci';
import { StagesError } from '../workspace/fault';
import type { Bases, FoundImage, LocalImage } from '../bases/bases';
import { layoutDamage } from './damage';

export interface BaseToMend {
  bases: Bases;
  reference: string;
  platform: string;
  engine: () => Promise<Engine>;
  say: (line: string) => void;
}

/**
 * Makes a base image's layout whole again: from the registry, for a stand-in from an image in the
 * engine that has the same layers.
 *
 * @throws StagesError `BASE_UNAVAILABLE` for a stand-in that the engine does not have either, and for
 *   what another project builds: that project's targets make it
 */
export async function mendBase(base: BaseToMend): Promise<void> {
  const { bases, reference, platform, say } = base;
  const standIn = bases.here(reference, platform);
  const directory = bases.layoutFolder(reference, platform);
  if (directory === undefined) return;
  const damage = await layoutDamage(directory, platform);
  if (damage === undefined) return;
  const made = bases.ofProject(reference, platform)?.project;
  if (made) throw ofProjectDamaged(reference, made);
  const from = standIn ? 'the engine' : 'the registry';
  say(`base image ${reference}: ${damage}; it is fetched again from ${from}`);
  if (standIn) {
    await fromEngine(base, standIn);
    return;
  }
  // Without an index a layout counts as a pull that was cut short: what is whole stays.
  await rm(join(directory, 'index.json'), { force: true });
  await bases.layout(reference, platform);
}

function ofProjectDamaged(
  reference: string,
  { name, stage }: NonNullable<FoundImage['project']>,
): StagesError {
  return new StagesError('BASE_UNAVAILABLE', {
    message: `${reference}, which project ${name} builds, is not whole`,
    hint: `Run the target of its stage ${stage} with --skip-nx-cache`,
  });
}

async function fromEngine(base: BaseToMend, standIn: LocalImage): Promise<void> {
  const engine = await base.engine();
  const folder = await mkdtemp(join(tmpdir(), 'nx-stages-'));
  try {
    const name = await imageWithLayersOf(engine, standIn);
    if (name === undefined) throw unavailable(base.reference, standIn);
    await engine.saveLayout(name, folder);
    await copyBlobs(standIn, layoutSource(folder));
  } catch (cause) {
    throw cause instanceof StagesError ? cause : unavailable(base.reference, standIn, cause);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The stand-in itself where it was loaded, else what was built on it. */
async function imageWithLayersOf(engine: Engine, standIn: LocalImage): Promise<string | undefined> {
  if (await engine.inspectImage(standIn.tag)) return standIn.tag;
  const store = layoutSource(standIn.layoutDir);
  const { config } = await readJsonBlob<Manifest>(store, standIn.digest as Digest);
  const { rootfs } = await readJsonBlob<ImageConfig>(store, config.digest);
  for (const { id } of await engine.listImages()) {
    const layers = (await engine.inspectImage(id))?.layers ?? [];
    if (rootfs.diff_ids.every((diffId, at) => layers[at] === diffId)) return id;
  }
  return undefined;
}

async function copyBlobs(standIn: LocalImage, from: BlobSource): Promise<void> {
  const store = layoutSource(standIn.layoutDir);
  const mend = async (digest: Digest) => {
    const isWhole = await store.check(digest).then(
      () => true,
      () => false,
    );
    if (!isWhole) await store.put(await from.open(digest), digest);
  };
  const digest = standIn.digest as Digest;
  await mend(digest);
  const manifest = await readJsonBlob<Manifest>(store, digest);
  for (const blob of [manifest.config, ...manifest.layers]) await mend(blob.digest);
  await writeLayoutFiles(standIn.layoutDir, [
    {
      mediaType: manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: (await store.sizeOf(digest)) ?? 0,
      annotations: { 'org.opencontainers.image.ref.name': 'stand-in' },
    },
  ]);
}

function unavailable(reference: string, copy: LocalImage, cause?: unknown): StagesError {
  const isStandIn = copy.tag !== reference;
  const what = isStandIn
    ? `the stand-in for ${reference}`
    : `the engine's ${reference}, kept here,`;
  const again = isStandIn ? 'make it again' : 'pull or build it again';
  return new StagesError('BASE_UNAVAILABLE', {
    message: `${what} is damaged, and the engine has no image with its layers`,
    hint: `Remove ${copy.layoutDir} and ${again}`,
    cause,
  });
}
