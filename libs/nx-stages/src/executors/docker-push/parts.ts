import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Repository } from '@excel2doc/oci';
import {
  checkedOutCommit,
  type DockerProject,
  platformFolder,
  type PushedPart,
  StagesError,
  type UsedImage,
} from '@excel2doc/stages';

/** What one machine has pushed, for the one that joins it with what others have. */
interface WrittenPart {
  format: 1;
  repository: string;
  /** That was checked out, in short; null outside a commit. */
  commit: string | null;
  part: PushedPart;
  /** That it is made from. */
  images: UsedImage[];
}

/** Of a stage what is in its registry. */
export interface Parts {
  parts: PushedPart[];
  images: UsedImage[];
}

type Place = Pick<DockerProject, 'root' | 'home'>;

/** Beside the outputs of all targets: what they are is hashed, and this is no part of it. */
const folderOf = ({ home }: Place) => posix.join('dist/docker-pushed', home);

/** Writes down what was pushed; the paths, relative to the workspace. */
export async function writeParts(
  place: Place,
  stage: string,
  { name: repository }: Pick<Repository, 'name'>,
  { parts, images }: Parts,
): Promise<string[]> {
  const folder = folderOf(place);
  await mkdir(join(place.root, folder), { recursive: true });
  const commit = checkedOutCommit(place.root) ?? null;
  const paths: string[] = [];
  for (const part of parts) {
    const path = posix.join(folder, `${stage}.${platformFolder(part.platform)}.json`);
    const written: WrittenPart = { format: 1, repository, commit, part, images };
    await writeFile(join(place.root, path), `${JSON.stringify(written, null, 2)}\n`);
    paths.push(path);
  }
  return paths;
}

/**
 * What machines have pushed of a stage at the commit that is checked out, in the order of the platforms.
 * None where nobody pushed any.
 *
 * @param wanted the platforms that have to be there where any is; all that are there if left out
 * @throws StagesError `FILE_CHANGED` for one of another commit or repository, `OUTPUT_MISSING` for
 *   a platform that nobody pushed
 */
export async function readParts(
  place: Place,
  stage: string,
  { name }: Pick<Repository, 'name'>,
  wanted: readonly string[] | undefined,
): Promise<Parts> {
  const folder = folderOf(place);
  const files = await readdir(join(place.root, folder)).catch(() => []);
  const own = files.filter((file) => file.startsWith(`${stage}.`) && file.endsWith('.json'));
  const parts = new Map<string, PushedPart>();
  const images = new Map<string, UsedImage>();
  for (const file of own.sort()) {
    const path = posix.join(folder, file);
    const written = JSON.parse(await readFile(join(place.root, path), 'utf8')) as WrittenPart;
    refuseOther(written, path, name, checkedOutCommit(place.root) ?? null);
    parts.set(written.part.platform, written.part);
    for (const image of written.images) images.set(JSON.stringify(image), image);
  }
  const order = parts.size === 0 ? [] : (wanted ?? [...parts.keys()]);
  const missing = order.filter((platform) => !parts.has(platform));
  if (missing.length === 0)
    return { parts: order.map((each) => parts.get(each)!), images: [...images.values()] };
  throw new StagesError('OUTPUT_MISSING', {
    message: `${folder} has ${[...parts.keys()].join(', ')} of ${stage}, and not ${missing.join(', ')}`,
    hint: 'Push it on a machine of that kind, docker-push --parts=push, and bring the folder here',
  });
}

function refuseOther(written: WrittenPart, path: string, name: string, commit: string | null) {
  const [what, found, here] =
    written.commit !== commit
      ? ['commit', written.commit, commit]
      : ['repository', written.repository, name];
  if (found === here) return;
  throw new StagesError('FILE_CHANGED', {
    message: `${path} is of the ${what} ${found ?? 'none'}, and here it is ${here ?? 'none'}`,
    hint: 'Remove it, and push that platform of this commit anew',
  });
}
