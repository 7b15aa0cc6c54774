import { readFile, realpath, stat } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { replaceFile } from '@excel2doc/oci';
import { StagesError } from '@excel2doc/stages';

/**
 * The text of a file with values in which `values` stand, in their own lines where there are such; one
 * that is undefined is gone. All else stays letter by letter.
 *
 * @param file as it stands in errors
 * @throws StagesError `ENV_MISSING` where what is there is written in a way that cannot be changed
 */
export function withValues(
  text: string,
  values: Readonly<Record<string, string | undefined>>,
  file: string,
): string {
  let changed = text;
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=.*(?:\\r?\\n|$)`, 'gm');
    const written = value === undefined ? '' : `${name}=${value}\n`;
    if (line.test(changed)) {
      let isFirst = true;
      changed = changed.replace(line, () => {
        const now = isFirst ? written : '';
        isFirst = false;
        return now;
      });
    } else if (written)
      changed += changed === '' || changed.endsWith('\n') ? written : `\n${written}`;
  }
  const [before, after] = [parseEnv(text), parseEnv(changed)];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const wrong = [...names].find(
    (name) => after[name] !== (Object.hasOwn(values, name) ? values[name] : before[name]),
  );
  if (wrong === undefined) return changed;
  throw new StagesError('ENV_MISSING', {
    message: `${file}: ${wrong} cannot be changed by itself, as it stands there; nothing was changed`,
    hint: `Write it on a line of its own, as ${wrong}=VALUE`,
  });
}

/**
 * Writes the file whole or not at all, with the mode that it has; a link stays one.
 *
 * @param path absolute
 */
export async function changeValues(
  path: string,
  values: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const file = await realpath(path);
  const text = withValues(await readFile(file, 'utf8'), values, path);
  const { mode } = await stat(file);
  await replaceFile(file, text, mode & 0o777);
}
