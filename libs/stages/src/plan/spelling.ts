import { lstatSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Dockerfile, readStages } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { StagesError } from '../workspace/fault';

/**
 * What stages copy by a name that the disk shows otherwise: `COPY App` of a folder `app`, where a file
 * system takes the one for the other. No other checkout finds it, nor does BuildKit, which goes by the
 * names that folders list.
 *
 * @returns by stage; none where the file system tells the two apart
 */
export function misspelt(project: DockerProject, dockerfile: Dockerfile): Map<string, StagesError> {
  const found = new Map<string, StagesError>();
  if (!ignoresCase(project.absolute(project.dockerfile))) return found;
  const { file } = dockerfile;
  for (const { name, contextPaths } of readStages(dockerfile, { file, ...project.buildArgs })) {
    for (const path of contextPaths) {
      const shown = shownAs(project.contextDir, path);
      if (shown === undefined || shown === path) continue;
      found.set(
        name,
        new StagesError('CHECK_FAILED', {
          message: `${file}: ${path} is ${shown} in the build context, which other file systems tell apart`,
          hint: `Write ${shown}, letter for letter`,
        }),
      );
    }
  }
  return found;
}

/** Whether a file is found by a name in other case. */
function ignoresCase(path: string): boolean {
  const name = posix.basename(path);
  const other = [...name].map((letter) =>
    letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
  );
  const stat = (file: string) => lstatSync(file, { throwIfNoEntry: false });
  const twin = stat(join(posix.dirname(path), other.join('')));
  return twin !== undefined && twin.ino === stat(path)?.ino;
}

/** The path as folders list it; undefined where it is not there. */
function shownAs(contextDir: string, path: string): string | undefined {
  const shown: string[] = [];
  for (const part of path.split('/')) {
    const folder = join(contextDir, ...shown);
    if (lstatSync(join(folder, part), { throwIfNoEntry: false }) === undefined) return undefined;
    shown.push(spelledIn(folder, part));
  }
  return shown.join('/');
}

function spelledIn(folder: string, name: string): string {
  const plain = (text: string) => text.normalize('NFC').toLowerCase();
  const names = readdirSync(folder);
  if (name === '.' || names.includes(name)) return name;
  return names.find((each) => plain(each) === plain(name)) ?? name;
}
