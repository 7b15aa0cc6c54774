import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { systemPath } from '../context/name';
import type { Taken } from '../context/source';
import type { ContextTree } from '../context/tree';
import type { StageOutput } from '../plan';
import type { Read, Step } from '../stage/step';
import type { PlainCommand } from './command';
import { readCommand } from './command';
import { readRequirements } from './meaning';

/** A file that a step takes from the context, and where the stage has it. */
interface Occurrence {
  step: number;
  read: Read;
  taken: Taken;
}

/** The meaning of requirements files by their path in the context, each read once. */
export class Meanings {
  private readonly known = new Map<string, { digest: string; includes: string[] } | undefined>();

  constructor(private readonly tree: ContextTree) {}

  /** @returns `undefined` for a file whose meaning is not in it alone */
  of(path: string): { digest: string; includes: string[] } | undefined {
    if (!this.known.has(path)) this.known.set(path, this.read(path));
    return this.known.get(path);
  }

  private read(path: string): { digest: string; includes: string[] } | undefined {
    const text = readFileSync(systemPath(this.tree.absolute(path)), 'utf8');
    const requirements = readRequirements(text);
    if (!requirements) return undefined;
    const digest = createHash('sha256').update(requirements.meaning).digest('hex');
    return { digest: `sha256:${digest}`, includes: requirements.includes };
  }
}

/**
 * The requirements files that count by meaning: nothing sees them but pip's `-r` and `-c`, and
 * they are not in what is exported. Gives the digest of the meaning by path in the context.
 *
 * @param whole the stage was taken to read everything: then nothing is known well enough
 */
export function requirementsByMeaning(
  meanings: Meanings,
  steps: Step[],
  occurrences: Occurrence[],
  output: StageOutput,
): Map<string, string> {
  const commands = steps.map(plainCommand);
  const digests = new Map<string, string>();
  const named = new Set(commands.flatMap((command) => command?.requirements ?? []));
  if (named.size === 0) return digests;
  const byPath = new Map<string, Occurrence[]>();
  for (const occurrence of occurrences) {
    const { path } = occurrence.taken.entry;
    const others = byPath.get(path);
    if (others) others.push(occurrence);
    else byPath.set(path, [occurrence]);
  }
  const candidates = [...byPath]
    .filter(([, all]) => all.every(({ taken }) => taken.entry.type === 'file'))
    .map(([path, all]) => {
      const places = all.flatMap((occurrence) => placesOf(occurrence, steps) ?? ['?']);
      return { path, all, places };
    });
  // A file that is included is named too, once the file that includes it counts by meaning.
  for (let found = true; found;) {
    found = false;
    for (const { path, all, places } of candidates) {
      if (digests.has(path)) continue;
      const sought = places.filter((place) => named.has(place));
      if (sought.length === 0 || !all.every((each) => isHidden(each, steps, commands, output)))
        continue;
      const meaning = meanings.of(path);
      if (!meaning) continue;
      digests.set(path, meaning.digest);
      for (const place of sought)
        for (const include of meaning.includes)
          named.add(posix.join(posix.dirname(place), include));
      found = true;
    }
  }
  return digests;
}

function plainCommand({ instruction, cwd, plainShell }: Step): PlainCommand | undefined {
  if (instruction.keyword !== 'RUN' || instruction.heredocs.length > 0) return undefined;
  const { command } = instruction;
  if (command.form === 'exec') return readCommand(command.args, cwd);
  return plainShell ? readCommand(command.command, cwd) : undefined;
}

/** Where the stage has the file: two places where COPY's destination may be a file or a folder. */
function placesOf({ step, read, taken }: Occurrence, steps: Step[]): string[] | undefined {
  const { cwd } = steps[step]!;
  const written =
    read.kind === 'bind' ? read.target : read.kind === 'copy' ? read.destination : undefined;
  if (written === undefined || (!written.startsWith('/') && cwd === undefined)) return undefined;
  const at = posix.resolve('/', cwd ?? '', written);
  if (read.kind === 'bind')
    return [posix.join(at, posix.relative(`/${read.source}`, `/${taken.path}`))];
  // There are as many of these as files, and neither has anything to clean.
  return [at, at === '/' ? `/${taken.target}` : `${at}/${taken.target}`];
}

/** Whether nothing that the stage exports can hold the file's text. */
function isHidden(
  occurrence: Occurrence,
  steps: Step[],
  commands: (PlainCommand | undefined)[],
  output: StageOutput,
): boolean {
  const places = placesOf(occurrence, steps);
  if (!places) return false;
  const covers = (path: string) =>
    places.some((place) => path === '/' || place === path || place.startsWith(`${path}/`));
  const bound = occurrence.read.kind === 'bind';
  if (!bound && (output.kind === 'image' || output.paths.some(covers))) return false;
  const seenBy = steps.flatMap(({ instruction }, index) =>
    instruction.keyword === 'RUN' && (bound ? index === occurrence.step : index > occurrence.step)
      ? [index]
      : [],
  );
  return seenBy.every((index) => {
    const command = commands[index];
    return command !== undefined && !command.mentioned.some(covers);
  });
}
