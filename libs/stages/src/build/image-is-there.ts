import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openImageSocket } from '@excel2doc/engine';
import type { ImageRecord } from '@excel2doc/oci';
import { checkedOutCommit } from '../workspace/commit';
import type { DockerProject } from '../workspace/docker-project';
import { outputRoot } from '../workspace/paths';
import { imageId } from './load';
import { Outputs } from './outputs';
import { type ImageToLoad, imageTag } from './tags';

/** What an image was called when it was put into the engine last. Of this machine: no cache has it. */
interface LoadedFile {
  format: 1;
  digest: string;
  /** The commit that was checked out, whether the image is named after it or not. */
  head: string | null;
  names: string[];
}

/**
 * Whether the engine has a stage's image as it is now, under all the names that it would be given.
 * Asks the engine over its socket and starts no process: where it has none, the answer is no.
 *
 * @throws where there is no image to ask for
 */
export async function imageIsThere(
  project: DockerProject,
  { stage, image, tag }: ImageToLoad,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const loaded = await readLoaded(project, image);
  if (!loaded || loaded.head !== (checkedOutCommit(project.root) ?? null)) return false;
  if (loaded.names[0] !== `${image}:${imageTag(tag, env)}`) return false;
  const store = await openImageSocket({ choice: project.engineChoice, env });
  if (!store) return false;
  const { record } = await (await Outputs.open(project, store.platform)).read(stage);
  if (loaded.digest !== record.digest) return false;
  const ids = await store.imageIds(loaded.names);
  return loaded.names.every((name) => ids.get(name) === imageId(store, record));
}

/** Remembers what `imageIsThere` asks for. */
export async function rememberLoaded(
  project: DockerProject,
  image: string,
  { digest }: ImageRecord,
  names: string[],
): Promise<void> {
  const head = checkedOutCommit(project.root) ?? null;
  const path = loadedPath(project, image);
  const loaded: LoadedFile = { format: 1, digest, head, names };
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(loaded, undefined, 2)}\n`);
  await rename(temporary, path);
}

async function readLoaded(project: DockerProject, image: string): Promise<LoadedFile | undefined> {
  try {
    const loaded = JSON.parse(await readFile(loadedPath(project, image), 'utf8')) as LoadedFile;
    return loaded.format === 1 ? loaded : undefined;
  } catch {
    return undefined;
  }
}

/** Several images may come of one Dockerfile. */
function loadedPath(project: DockerProject, image: string): string {
  const name = createHash('sha256').update(image).digest('hex').slice(0, 12);
  return project.absolute(join(outputRoot(project.home), 'loaded', `${name}.json`));
}
