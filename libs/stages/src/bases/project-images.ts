import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { layoutSource, readImageRecord, readLayout } from '@excel2doc/oci';
import { StagesError } from '../workspace/fault';
import { outputRoot, platformFolder, stageFolder } from '../workspace/paths';
import type { ProjectImage } from '../workspace/project-image';
import type { DockerProject } from '../workspace/docker-project';
import { configFacts, type FoundImage, type FoundImagesFile } from './bases';

/**
 * The images of other projects that a Dockerfile names, as their outputs are now. Nothing is asked of
 * a registry or an engine.
 *
 * @param references those that the Dockerfile names for this platform
 * @throws StagesError `OUTPUT_MISSING` naming the target that makes it
 */
export async function findProjectImages(
  project: DockerProject,
  references: readonly string[],
  platform: string,
): Promise<FoundImagesFile['images']> {
  const images = project.projectImages;
  const found: FoundImagesFile['images'] = {};
  for (const reference of references) {
    const image = images[reference];
    if (image) found[reference] = { [platform]: await read(project, reference, image, platform) };
  }
  return found;
}

async function read(
  project: DockerProject,
  reference: string,
  { project: name, home, stage, target }: ProjectImage,
  platform: string,
): Promise<FoundImage> {
  const folder = join(stageFolder(home, stage), platformFolder(platform));
  try {
    const { record, config } = await readImageRecord(project.absolute(folder));
    const layoutDir = project.absolute(layoutFolder(project.home, record.digest, platform));
    return {
      digest: record.digest,
      layoutDir,
      tag: reference,
      project: { name, home, stage },
      ...configFacts(config),
    };
  } catch (cause) {
    throw new StagesError('OUTPUT_MISSING', {
      message: `${project.dockerfile}: ${reference} is the image of project ${name}, which is not there for ${platform}`,
      hint: `Run \`nx run ${name}:${target}\`; it has to be built for ${platform} too`,
      cause,
    });
  }
}

/** A stage's name starts with a letter, so none has this folder. Relative to the workspace. */
const layoutsFolder = (home: string) => join(outputRoot(home), '_images');

/** Where a layout for what is built on it is put. Relative to the workspace. */
export function layoutFolder(home: string, digest: string, platform: string): string {
  return join(layoutsFolder(home), digest.slice('sha256:'.length, 19), platformFolder(platform));
}

/** Removes the layouts of images that are no longer the project's. */
export async function removeOldLayouts(
  project: DockerProject,
  found: FoundImagesFile['images'],
): Promise<void> {
  const folder = project.absolute(layoutsFolder(project.home));
  const kept = new Set(
    Object.values(found).flatMap((platforms) =>
      Object.values(platforms).flatMap(({ layoutDir }) =>
        layoutDir ? basename(dirname(layoutDir)) : [],
      ),
    ),
  );
  for (const name of await readdir(folder).catch(() => []))
    if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
}

/**
 * Puts the layout of a project's image where what is built on it looks for it: links to blobs that lie
 * in the outputs of that project and of what it is built on. Several tasks may do so at once.
 *
 * @param write makes it in an empty folder
 */
export async function linkLayout(
  { digest, layoutDir = '' }: FoundImage,
  platform: string,
  write: (folder: string) => Promise<unknown>,
): Promise<void> {
  if (await isWhole(layoutDir, digest, platform)) return;
  await mkdir(dirname(layoutDir), { recursive: true });
  const draft = await mkdtemp(`${layoutDir}.`);
  try {
    await write(draft);
    while (!(await renamed(draft, layoutDir, TAKEN))) {
      // What another task has put there meanwhile may be read by now: it stays.
      if (await isWhole(layoutDir, digest, platform)) return;
      await takeAway(layoutDir, `${draft}.old`, digest, platform);
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/**
 * Removes what was found not to be that image, or not whole. Another task may have put it there since: then
 * it is put back, for who has found it and is about to read it.
 *
 * @param old a name beside it that nobody else takes
 */
export async function takeAway(
  layoutDir: string,
  old: string,
  digest: string,
  platform: string,
): Promise<void> {
  if (!(await renamed(layoutDir, old, ['ENOENT']))) return;
  // What cannot be read is no less whole for that.
  const isGood = await isWhole(old, digest, platform).catch(() => true);
  if (!isGood || !(await renamed(old, layoutDir, TAKEN))) await rm(old, { recursive: true });
}

/** What a rename fails with where something has the name. */
const TAKEN = ['ENOTEMPTY', 'EEXIST'];

/** Whether a folder got the name; false for these failures. */
async function renamed(from: string, to: string, codes: readonly string[]): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (codes.includes(String((error as NodeJS.ErrnoException).code))) return false;
    throw error;
  }
}

/**
 * Whether it is that image, and every link leads to something.
 *
 * @throws what keeps it from being read, which says nothing of it: too many open files, no permission
 */
async function isWhole(folder: string, digest: string, platform: string): Promise<boolean> {
  try {
    const { descriptor, manifest } = await readLayout(folder, platform);
    const store = layoutSource(folder);
    for (const layer of manifest.layers) await stat(store.pathOf(layer.digest));
    return descriptor.digest === digest;
  } catch (error) {
    const obstacle = obstacleOf(error);
    if (obstacle) throw obstacle;
    return false;
  }
}

/** What a system says of something that is not there, or is something else. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'];

function obstacleOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const { syscall, code = '' } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return obstacleOf(error.cause);
  return ABSENT.includes(code) ? undefined : error;
}
