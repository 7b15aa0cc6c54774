import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The files below a folder in which one of these texts lies. */
export async function filesThatHold(
  folder: string,
  texts: readonly (string | Buffer)[],
): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).map((name) => join(folder, name));
  const found: string[] = [];
  for (const path of paths) {
    if (!(await stat(path)).isFile()) continue;
    const content = await readFile(path);
    if (texts.some((text) => content.includes(text))) found.push(path);
  }
  return found;
}
