import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { andAbove } from './output-index';
import type { TrackedFiles } from './tracked-files';

/** Compose files that are given together, the first before what is laid over it. */
export type ComposeSet = [string, ...string[]];

/**
 * The Compose files of a workspace: those that the plugin's option names, those that `COMPOSE_FILE` of
 * a `.env` in git names, and those with a name of their own. The shell's `COMPOSE_FILE` decides
 * nothing: what a build is made of may not hang on the shell that asks.
 *
 * @param found those that are called as Compose calls them
 * @param folders where a `.env` may lie, or above
 */
export function composeSets(
  workspaceRoot: string,
  tracked: Pick<TrackedFiles, 'kind'>,
  {
    option = [],
    found,
    folders,
  }: { option?: readonly string[]; found: readonly string[]; folders: readonly string[] },
): ComposeSet[] {
  const named = option.map((file): ComposeSet => [posix.normalize(file)]);
  const fromEnv = [...new Set(folders.flatMap(andAbove))].sort().flatMap((folder) => {
    const file = posix.join(folder, '.env');
    if (tracked.kind(file) !== 'file') return [];
    const [first, ...rest] = filesIn(readFileSync(join(workspaceRoot, file), 'utf8'));
    const at = (name: string) => posix.join(folder, name);
    return first === undefined
      ? []
      : [{ folder, files: [at(first), ...rest.map(at)] as ComposeSet }];
  });
  const taken = new Set([...named.flat(), ...fromEnv.flatMap(({ files }) => files)]);
  const replaced = new Set(fromEnv.map(({ folder }) => folder));
  const others = found.filter((file) => !taken.has(file) && !replaced.has(posix.dirname(file)));
  return [
    ...named,
    ...fromEnv.map(({ files }) => files),
    ...others.map((file): ComposeSet => [file]),
  ];
}

/** What `COMPOSE_FILE` in a `.env` names. */
function filesIn(text: string): string[] {
  const value = (name: string) =>
    new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=\\s*(["']?)(.*?)\\1\\s*$`, 'm').exec(text)?.[2];
  const separator = value('COMPOSE_PATH_SEPARATOR') || ':';
  return (value('COMPOSE_FILE') ?? '').split(separator).filter(Boolean);
}
