import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type EngineChoice,
  EngineError,
  type LockedImage,
  cacheFolder,
  locateEngine,
  openImageStore,
} from '@excel2doc/engine';
import { readLayout } from '@excel2doc/oci';
import { platformFolder } from '../workspace/paths';
import { StagesError } from '../workspace/fault';
import { resolveImage } from './resolve';
import { type FoundImage, type FoundImagesFile, configFacts } from './bases';

/**
 * What stands behind references that nobody has locked, now: what the engine has under that name,
 * else what the registry has, as a plain build would take it. What is nowhere is left out.
 */
export async function findUnlocked(
  references: readonly string[],
  platform: string,
  choice?: EngineChoice,
): Promise<FoundImagesFile['images']> {
  const found: FoundImagesFile['images'] = {};
  for (const reference of references) {
    const image =
      (await inEngine(reference, platform, choice)) ?? (await inRegistry(reference, platform));
    if (image) found[reference] = { [platform]: image };
  }
  return found;
}

/** Those that were locked to what an engine had, from the engine; one that is another now is left out. */
export async function findLockedInEngine(
  references: readonly string[],
  platform: string,
  choice?: EngineChoice,
): Promise<FoundImagesFile['images']> {
  const found: FoundImagesFile['images'] = {};
  for (const reference of references) {
    const image = await inEngine(reference, platform, choice);
    if (image) found[reference] = { [platform]: image };
  }
  return found;
}

/** What the engine has under a name, as the lock keeps it; undefined where it has none. */
export async function lockFromEngine(
  reference: string,
  platform: string,
  choice?: EngineChoice,
): Promise<LockedImage | undefined> {
  const image = await inEngine(reference, platform, choice);
  if (!image) return undefined;
  const { digest, env, onbuild } = image;
  return {
    digest,
    platforms: { [platform]: digest },
    from: 'engine',
    ...(env && { env }),
    ...(onbuild && { onbuild }),
  };
}

async function inRegistry(reference: string, platform: string): Promise<FoundImage | undefined> {
  try {
    const { digest, platforms, env, onbuild } = await resolveImage(reference);
    const own = platforms?.[platform] ?? digest;
    return own === null
      ? undefined
      : { digest: own, ...(env && { env }), ...(onbuild && { onbuild }) };
  } catch (error) {
    // Who builds on it is told that it is not there.
    if (error instanceof StagesError) return undefined;
    throw error;
  }
}

async function inEngine(
  reference: string,
  platform: string,
  choice: EngineChoice | undefined,
): Promise<FoundImage | undefined> {
  try {
    const id = (await (await openImageStore({ choice })).imageIds([reference])).get(reference);
    if (id === undefined) return undefined;
    const folder = join(cacheFolder(), 'bases', 'engine', platformFolder(platform));
    const layoutDir = join(folder, id.replace(/^sha256:/, ''));
    const saved = await readLayout(layoutDir, platform).catch(() =>
      save(id, platform, layoutDir, choice),
    );
    if (!saved) return undefined;
    const { descriptor, config } = saved;
    return { digest: descriptor.digest, layoutDir, tag: reference, ...configFacts(config) };
  } catch (error) {
    // Without an engine there is none in it.
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Undefined where the engine has the image for another platform. */
async function save(
  id: string,
  platform: string,
  layoutDir: string,
  choice: EngineChoice | undefined,
) {
  const engine = await locateEngine({ choice });
  await mkdir(dirname(layoutDir), { recursive: true });
  const draft = await mkdtemp(`${layoutDir}.`);
  try {
    await engine.saveLayout(id, draft);
    const image = await readLayout(draft, platform).catch(() => undefined);
    if (!image) return undefined;
    await rm(layoutDir, { recursive: true, force: true });
    await rename(draft, layoutDir);
    return image;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
