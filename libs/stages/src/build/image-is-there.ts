import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openImageSocket } from '@excel2doc/engine';
import { type ImageRecord, replaceFile } from '@excel2doc/oci';
import { describesGitTags, description } from '../names/description';
import { type TagFacts, tagFacts, usesGitTags } from '../names/facts';
import { GitFiles } from '../workspace/git-files';
import { type ImageToLoad, imageTags } from '../names/tags';
import type { DockerProject } from '../workspace/docker-project';
import { outputRoot } from '../workspace/paths';
import { imageId } from './load';
import { describedStage } from './described';
import { Outputs } from './outputs';

/** What an image was called when it was put into the engine last. Of this machine: no cache has it. */
interface LoadedFile {
  format: 2;
  digest: string;
  /** The commit that was checked out, whether the image is named after it or not. */
  head: string | null;
  /** Whether it was made of the commit as it is. */
  isOfHead: boolean;
  /** When that commit was made, where a label says so. */
  committed?: string;
  names: string[];
  /** When it was put there, in milliseconds since 1970. */
  at?: number;
}

/**
 * Whether the engine has a stage's image as it is now, under all the names that it would be given.
 * Asks the engine over its socket and starts no process: where it has none, the answer is no.
 *
 * @throws where there is no image to ask for
 */
export async function imageIsThere(
  project: DockerProject,
  { stage, image, ...naming }: ImageToLoad,
  env: NodeJS.ProcessEnv = process.env,
): Promise<boolean> {
  const loaded = readLoaded(project.absolute(loadedPath(project.home, image)));
  const git = GitFiles.at(project.root);
  const head = git?.commit;
  if (!loaded || loaded.head !== (head ?? null)) return false;
  // What git's files do not tell, the task finds out.
  if ((usesGitTags(naming) || describesGitTags(naming)) && git && git.tagsAtHead() === undefined)
    return false;
  const commit = loaded.isOfHead ? head : undefined;
  const { committed } = loaded;
  const { name: projectName } = project.project;
  const facts = tagFacts({ root: project.root, projectName, commit, committed, env });
  const { tags } = imageTags(naming, facts, loaded.digest, env);
  if (tags.map((each) => `${image}:${each}`).join() !== loaded.names.join()) return false;
  const store = await openImageSocket({ choice: project.engineChoice, env });
  if (!store) return false;
  const outputs = await Outputs.open(project, store.platform);
  const { record } = await describedStage(outputs, stage, description(naming, facts));
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
  { commit, committed }: TagFacts,
): Promise<void> {
  const head = GitFiles.at(project.root)?.commit ?? null;
  const isOfHead = 'value' in commit && commit.value === head;
  const path = project.absolute(loadedPath(project.home, image));
  const time = 'value' in committed && { committed: committed.value };
  const loaded: LoadedFile = { format: 2, digest, head, isOfHead, names, at: Date.now(), ...time };
  await replaceFile(path, `${JSON.stringify(loaded, undefined, 2)}\n`);
}

/** Whether an image was put into the engine, or was found in it, since a time in milliseconds. */
export function wasLoadedSince(project: DockerProject, image: string, time: number): boolean {
  const loaded = readLoaded(project.absolute(loadedPath(project.home, image)));
  return loaded?.at !== undefined && loaded.at >= time;
}

/** The name under which an image was put into the engine last; undefined where it never was. */
export function loadedName(
  root: string,
  { home, image }: { home: string; image: string },
): string | undefined {
  return readLoaded(join(root, loadedPath(home, image)))?.names[0];
}

function readLoaded(path: string): LoadedFile | undefined {
  try {
    const loaded = JSON.parse(readFileSync(path, 'utf8')) as LoadedFile;
    return loaded.format === 2 ? loaded : undefined;
  } catch {
    return undefined;
  }
}

/** Several images may come of one Dockerfile. Relative to the workspace. */
function loadedPath(home: string, image: string): string {
  const name = createHash('sha256').update(image).digest('hex').slice(0, 12);
  return join(outputRoot(home), 'loaded', `${name}.json`);
}
