import { setTimeout } from 'node:timers/promises';
import { type ImageStore, locateEngine } from '@excel2doc/engine';
import {
  type DescribedImage,
  type Digest,
  type ImageRecord,
  layoutSource,
  loadTar,
  readLayout,
} from '@excel2doc/oci';
import type { LocalImage } from '../bases/bases';
import { lackingLayers } from './lacking-layers';
import type { Outputs } from './outputs';
import { areKnownToHave, rememberWhole } from './whole-images';

export interface Loaded {
  digest: string;
  how: 'present' | 'thin' | 'full';
  /** Compressed bytes of the layers that were sent. */
  sentBytes: number;
}

const ATTEMPTS = 6;
const LONGEST_WAIT_MS = 100;
/** The latest are enough: each costs a call. */
const MOST_RELATIVES = 4;

/**
 * Puts a stage's image into the engine under `tags`, sending what the engine lacks.
 *
 * Which layers it has is told by images that have one of the names, or another tag of the first
 * one's repository, or by its base. That can be wrong: where another image was pruned since, an engine
 * refuses a tar that misses a layer; where the containerd store has the same files in other blobs (another
 * compression), it takes the tar, and has an image that runs and can be neither pushed nor saved. Such a
 * one it does not list. Either way it then gets all of them.
 *
 * Tags are set only after the load: an engine with the containerd store keeps the names of a load
 * that it refused, and then inspects an image by them whose layers are not there. `docker image ls`
 * does not list such a one.
 */
export async function loadStage(
  engine: ImageStore,
  outputs: Outputs,
  stage: string,
  tags: [string, ...string[]],
  located: () => Promise<ImageStore> = locateEngine,
): Promise<Loaded> {
  const { record } = await outputs.read(stage);
  const source = await outputs.source(stage);
  return loadDescribed(engine, { record, source, baseNames: baseNames(outputs, stage) }, tags, located); // prettier-ignore
}

/** An image as it is described, and what an engine may have its base image as. */
export interface ImageOnBase extends DescribedImage {
  baseNames: () => Promise<string[]>;
}

/**
 * By the digest of its manifest, under which the containerd store has what was loaded, and by its name:
 * what was pulled for several platforms that store has under the digest of their index.
 */
export function baseNames(outputs: Outputs, stage: string): ImageOnBase['baseNames'] {
  return async () => {
    const { base } = await outputs.lowest(stage);
    return base.kind === 'image' ? [base.digest, base.reference] : [];
  };
}

/** The same for an image as it is described. @see loadStage */
export async function loadDescribed(
  engine: ImageStore,
  image: ImageOnBase,
  tags: [string, ...string[]],
  /** The engine again, by its client. */
  located: () => Promise<ImageStore> = locateEngine,
): Promise<Loaded> {
  return whileBusy(() => loadAndName(engine, image, tags, located));
}

async function loadAndName(
  engine: ImageStore,
  image: ImageOnBase,
  tags: [string, ...string[]],
  located: () => Promise<ImageStore>,
): Promise<Loaded> {
  const { record } = image;
  const id = imageId(engine, record);
  const ids = await engine.imageIds(tags);
  const isNamed = [...ids.values()].includes(id);
  const loaded =
    isNamed || (await isUnderAnotherName(engine, id))
      ? { how: 'present' as const, sentBytes: 0 }
      : await load(engine, image, await relatives(engine, tags[0], ids), located);
  for (const tag of tags) {
    if (ids.get(tag) !== id) await engine.tag(id, tag);
  }
  return { digest: record.digest, ...loaded };
}

/** What an engine calls an image. */
export function imageId({ store }: Pick<ImageStore, 'store'>, record: ImageRecord): string {
  return store === 'containerd' ? record.digest : record.configDigest;
}

/** With all its blobs: an image without a name may be what is left of a load that the engine refused. */
async function isUnderAnotherName(engine: ImageStore, id: string): Promise<boolean> {
  const { tags = [] } = (await engine.inspectImage(id)) ?? {};
  for (const repository of new Set(tags.map(repositoryOf)))
    if ((await engine.idsIn(repository)).includes(id)) return true;
  return false;
}

const repositoryOf = (name: string) => name.replace(/:[^:/]+$/, '');

/** Images that may share layers with what is to be loaded. */
async function relatives(
  engine: ImageStore,
  name: string,
  named: ReadonlyMap<string, string>,
): Promise<string[]> {
  if (named.size > 0) return [...new Set(named.values())];
  return (await engine.idsIn(repositoryOf(name))).slice(0, MOST_RELATIVES);
}

async function load(
  engine: ImageStore,
  { record, source, baseNames }: ImageOnBase,
  relatives: readonly string[],
  located: () => Promise<ImageStore>,
): Promise<Omit<Loaded, 'digest'>> {
  const id = imageId(engine, record);
  const sent = { record, source, tags: [], manifest: engine.manifestFormat };
  const beside = async (names: readonly string[]) => {
    const images = await Promise.all(names.map((name) => engine.inspectImage(name)));
    const found = images.filter((image) => image !== null);
    const known = found.map(({ layers }) => layers);
    const lacking = lackingLayers(record.layers, known, engine.store);
    return { lacking, ids: found.map((image) => image.id) };
  };
  const ofOwn = await beside(relatives);
  const { lacking, ids } = ofOwn.lacking === 'all' ? await beside(await baseNames()) : ofOwn;
  if (lacking !== 'all') {
    const unsent = record.layers.map(({ digest }) => digest).filter((each) => !lacking.has(each));
    try {
      await engine.loadImage(loadTar({ ...sent, layers: lacking }));
      if (areKnownToHave(engine, ids, unsent) || (await isWhole(engine, id))) {
        rememberWhole(engine, id, record);
        return { how: 'thin', sentBytes: sizeOf(record, lacking) };
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'LAYERS_MISSING') throw error;
    }
  }
  const whole = () => loadTar({ ...sent, layers: 'all' });
  await engine.loadImage(whole()).catch(async (error: { code?: string }) => {
    if (error.code !== 'DAEMON_GONE') throw error;
    // A socket that breaks off does not say why; the client does, or finds the engine up again.
    await (await located()).loadImage(whole());
  });
  rememberWhole(engine, id, record);
  return { how: 'full', sentBytes: record.sizeBytes };
}

/** Whether what was just loaded has all its blobs. The classic store keeps none. */
async function isWhole(engine: ImageStore, id: string): Promise<boolean> {
  if (engine.store !== 'containerd') return true;
  // Another task may have named it meanwhile.
  return (await engine.unnamedIds()).includes(id) || isUnderAnotherName(engine, id);
}

function sizeOf(record: ImageRecord, digests: ReadonlySet<Digest>): number {
  return record.layers.reduce(
    (sum, { digest, sizeBytes }) => sum + (digests.has(digest) ? sizeBytes : 0),
    0,
  );
}

/**
 * Two tasks may load one image at one time (lint and test run in it): the containerd store then
 * refuses one of them, which starts again and mostly finds it there.
 */
async function whileBusy<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if ((error as { code?: string }).code !== 'IMAGE_BUSY' || attempt === ATTEMPTS) throw error;
      // Not the same for all, or they would meet again.
      await setTimeout(Math.random() * LONGEST_WAIT_MS * attempt);
    }
  }
}

/** Puts an image that lies on this machine as a layout into the engine, where it is not there yet. */
export async function loadStandIn(engine: ImageStore, standIn: LocalImage): Promise<void> {
  const platform = engine.platform;
  const { descriptor, manifest, config } = await readLayout(standIn.layoutDir, platform);
  const id = engine.store === 'containerd' ? descriptor.digest : manifest.config.digest;
  if ((await engine.imageIds([standIn.tag])).get(standIn.tag) === id) return;
  const record: ImageRecord = {
    format: 1,
    digest: descriptor.digest,
    configDigest: manifest.config.digest,
    platform,
    base: { kind: 'scratch' },
    layers: manifest.layers.map(({ digest, size, mediaType }, at) => ({
      digest,
      diffId: config.rootfs.diff_ids[at] as Digest,
      sizeBytes: size,
      mediaType,
      from: 'self',
    })),
    sizeBytes: 0,
    ownSizeBytes: 0,
  };
  const source = layoutSource(standIn.layoutDir);
  const sent = { record, source, tags: [standIn.tag], manifest: engine.manifestFormat };
  await whileBusy(() => engine.loadImage(loadTar({ ...sent, layers: 'all' })));
}
