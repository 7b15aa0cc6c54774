import { hasWildcards, matcher } from '@excel2doc/go-text';
import type { DockerfileError } from '../error';
import { DockerfileError as Problem } from '../error';
import { fileDigest } from '../context/digest';
import type { FileIndex } from '../context/file-index';
import { contextPath } from '../context/path';
import { leadsOutside, passesRoot, sentPatterns } from '../context/follow';
import type { Missing, Taken } from '../context/source';
import { takeMounted, takeSource, takeWithParents } from '../context/source';
import type { ContextTree } from '../context/tree';
import type { PlanFile } from '../plan';
import { problemAt } from '../stage/problem';
import type { Read, Step } from '../stage/step';

export interface ContextReader {
  tree: ContextTree;
  index: FileIndex;
  /** The Dockerfile, for errors. */
  file: string;
  /** Every read of the context that the Dockerfile has. */
  steps: Step[];
}

/** What one read of the context takes. */
export function takeRead(reader: ContextReader, step: Step, read: Read): Taken[] {
  if (read.kind === 'bind')
    return found(reader, step, read.source, takeMounted(reader.tree, read.source));
  if (read.kind !== 'copy') return [];
  const take = read.parents ? takeWithParents : takeSource;
  // A pattern of --exclude or --parents may be malformed where only some names come to.
  return problemAt(reader.file, step.instruction, () =>
    read.sources.flatMap((source) =>
      found(reader, step, source, take(reader.tree, source, read.exclude)),
    ),
  );
}

function found(
  reader: ContextReader,
  step: Step,
  source: string,
  taken: Taken[] | Missing,
): Taken[] {
  if (Array.isArray(taken)) {
    const unfound = unfoundLink(reader, step, source, taken);
    if (unfound) {
      const { line, column } = step.instruction;
      throw new Problem('COPY_SOURCE_MISSING', {
        at: { file: reader.file, line, column },
        message: `${readAs(step, source)}: "/${unfound.path}" not found in the build context`,
        hint: `BuildKit does not find ${unfound.behind}: name it without the link`,
      });
    }
    const folder = taken.length === 0 ? folderOf(source) : '';
    if (folder === '' || isSent(reader, folder) || meetsLink(reader.tree, folder, source))
      return withoutUnsent(reader, source, taken);
    throw missingError(reader, step, source, { missing: folder, why: 'unmatched' });
  }
  throw missingError(reader, step, source, taken);
}

/** The folder that a pattern starts in. */
function folderOf(source: string): string {
  const parts = contextPath(source).split('/');
  return parts.slice(0, Math.max(0, parts.findIndex(hasWildcards))).join('/');
}

// BuildKit sends only what some source of the Dockerfile matches, so the folder of a pattern that
// matches nothing is not even there, and that is an error where an empty match is none.
function isSent(reader: ContextReader, folder: string): boolean {
  return reader.steps.some((step) =>
    step.reads.some((read) => {
      const { tree } = reader;
      if (read.kind === 'bind') {
        const taken = takeMounted(tree, read.source);
        return Array.isArray(taken) && covers(taken, folder);
      }
      if (read.kind !== 'copy') return false;
      const take = read.parents ? takeWithParents : takeSource;
      return read.sources.some((source) =>
        [source, ...sentPatterns(tree, source)].some((pattern) => {
          const taken = take(tree, pattern, []);
          return Array.isArray(taken) && covers(taken, folder);
        }),
      );
    }),
  );
}

/**
 * What is there and BuildKit does not find: unless another source has it sent, where a link leads
 * that stands behind a folder which a wildcard matches, for its client does not look there for
 * links; and what lies behind a link to the context's root, where the instruction does not take all.
 */
function unfoundLink(
  reader: ContextReader,
  step: Step,
  source: string,
  taken: Taken[],
): { path: string; behind: string } | undefined {
  const { tree, steps } = reader;
  if (!hasWildcards(source)) {
    const path = contextPath(source);
    const isLost = passesRoot(tree, path) && !sentFor([step], tree).includes('');
    return isLost ? { path, behind: "what lies behind a link to the context's root" } : undefined;
  }
  const isBelow = belowFolders(taken);
  const followed = taken.filter((each) => each.path !== each.entry.path && !isBelow(each));
  if (followed.length === 0) return undefined;
  const sent = sentFor(steps, tree);
  const lost = followed.find(({ entry }) => !sent.some((pattern) => brings(pattern, entry.path)));
  return lost && { path: lost.entry.path, behind: `where ${lost.path} leads` };
}

/** Tells what is taken only as the content of a folder. */
function belowFolders(taken: readonly Taken[]): (each: Taken) => boolean {
  const folders = taken.flatMap(({ root, path }) => (root ? [`${path}/`] : []));
  return ({ path }) => folders.some((folder) => path.startsWith(folder));
}

/**
 * A folder behind a link that a wildcard matches holds what was sent of it and no more: the client
 * looks for no links there, so nobody may have named the rest.
 */
function withoutUnsent({ tree, steps }: ContextReader, source: string, taken: Taken[]): Taken[] {
  const isBehindLink = ({ path, entry }: Taken) => path !== entry.path;
  if (!hasWildcards(source) || !taken.some(isBehindLink)) return taken;
  const sent = sentFor(steps, tree);
  const isBelow = belowFolders(taken);
  return taken.filter(
    (each) =>
      !isBehindLink(each) ||
      !isBelow(each) ||
      sent.some((pattern) => brings(pattern, each.entry.path)),
  );
}

function sentFor(steps: readonly Step[], tree: ContextTree): string[] {
  const sources = steps.flatMap(({ reads }) =>
    reads.flatMap((read) =>
      read.kind === 'copy' ? read.sources : read.kind === 'bind' ? [read.source] : [],
    ),
  );
  return sources.flatMap((source) => sentPatterns(tree, source));
}

/** Whether a pattern has `path` sent: with what it matches come the folders that lie above it. */
function brings(pattern: string, path: string): boolean {
  if (pattern === '') return true;
  const [wanted, parts] = [pattern.split('/'), path.split('/')];
  const length = Math.min(wanted.length, parts.length);
  const [above, start] = [wanted.slice(0, length).join('/'), parts.slice(0, length).join('/')];
  return above === start || matcher(above)(start) === true;
}

// A link that a part of the pattern matches is sent, and with it the folder that it lies in.
function meetsLink(tree: ContextTree, folder: string, source: string): boolean {
  const parts = contextPath(source).split('/').slice(folder.split('/').length);
  const visit = (at: string, [part, ...rest]: string[]): boolean =>
    part !== undefined &&
    tree.list(at).some(({ path, type }) => {
      if (!matcher(part)(path.split('/').at(-1)!)) return false;
      return type === 'symlink' || (type === 'directory' && visit(path, rest));
    });
  return visit(folder, parts);
}

function covers(taken: Taken[], folder: string): boolean {
  return taken.some(({ entry }) => entry.path === folder || entry.path.startsWith(`${folder}/`));
}

const readAs = ({ instruction: { keyword } }: Step, source: string) =>
  keyword === 'RUN' ? `RUN --mount source=${source}` : `${keyword} ${source}`;

function missingError(
  { tree, file }: ContextReader,
  step: Step,
  source: string,
  { missing, why }: Missing,
): DockerfileError {
  const { line, column } = step.instruction;
  const at = { file, line, column };
  if (why === 'malformed')
    return new Problem('SYNTAX', { at, message: `syntax error in pattern ${source}` });
  const named = readAs(step, source);
  const rule = tree.hiddenBy(missing);
  if (rule)
    return new Problem('COPY_SOURCE_IGNORED', {
      at,
      message: `${named}: no such file in the build context`,
      hint: `${rule.file} line ${rule.line} (${rule.written}) leaves it out`,
    });
  const link = linkOutside(tree, missing);
  if (link !== undefined)
    return new Problem('COPY_SOURCE_OUTSIDE', {
      at,
      message: `${named}: ${link} is a symbolic link to ${tree.link(link)}, which is not in the build context`,
      hint: 'BuildKit follows links within the context only: copy the file in, or widen the context',
    });
  return new Problem('COPY_SOURCE_MISSING', {
    at,
    message:
      why === 'circular'
        ? `${named}: its symbolic links run in a circle`
        : why === 'unmatched'
          ? `${named}: nothing in the build context matches`
          : `${named}: "/${missing}" not found in the build context`,
    hint: 'paths are relative to the build context, not to the Dockerfile',
  });
}

function linkOutside(tree: ContextTree, path: string): string | undefined {
  const parts = path.split('/');
  const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  return prefixes.find((prefix) => leadsOutside(tree, prefix));
}

/** Files by path and type: what is taken twice counts once. */
export class FileSet {
  private readonly files = new Map<string, PlanFile>();

  /** @param meanings digests of the requirements files that count by meaning */
  constructor(
    private readonly reader: ContextReader,
    private readonly meanings: ReadonlyMap<string, string> = new Map(),
  ) {}

  add({ path, entry, root, linkedTo }: Taken): void {
    const written = path || '.';
    const key = `${written}\0${entry.type}`;
    let known = this.files.get(key);
    if (!known || (known.mode === '' && !root)) {
      known = this.planned(written, entry, root ? '' : entry.mode);
      this.files.set(key, known);
    }
    if (linkedTo && known.type !== 'directory') known.sameAs = linkedTo.path;
  }

  sorted(): PlanFile[] {
    return [...this.files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  }

  private planned(path: string, entry: Taken['entry'], mode: string): PlanFile {
    const { tree, index } = this.reader;
    switch (entry.type) {
      case 'file': {
        const meaning = this.meanings.get(entry.path);
        if (meaning !== undefined)
          return { path, type: 'file', mode, digest: meaning, by: 'requirements' };
        const absolute = tree.absolute(entry.path);
        return {
          path,
          type: 'file',
          mode,
          digest: fileDigest(absolute, entry.path, entry.stamp, index),
        };
      }
      case 'symlink':
        return { path, type: 'symlink', mode, link: tree.link(entry.path) };
      default:
        return { path, type: entry.type, mode };
    }
  }
}
