import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { homeOf, outputRoot } from '@excel2doc/stages';

/** What `nx release` has made of a project's image: for the change log, and to be held to when it is pushed. */
export interface Released {
  version: string;
  /** Where it will be, without a tag. */
  repository: string;
  /** Absent where a label names the commit that is to come. */
  digest?: string;
}

/** In a project's outputs, one for each of its images. Relative to the workspace. */
const releasedFile = (folder: string) => join(outputRoot(homeOf(folder)), 'released.json');

/** @param folder the project's, relative to the workspace */
export function writeReleased(root: string, folder: string, images: readonly Released[]): void {
  const path = join(root, releasedFile(folder));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(images, undefined, 2)}\n`);
}

/** The images of a version; none where it was made elsewhere. */
export function readReleased(root: string, folder: string, version: string): Released[] {
  try {
    const all = JSON.parse(readFileSync(join(root, releasedFile(folder)), 'utf8')) as Released[];
    return all.filter((each) => each.version === version);
  } catch {
    return [];
  }
}
