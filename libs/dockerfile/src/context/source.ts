import { hasWildcards, matcher } from '@excel2doc/go-text';
import type { ParentMatches } from '../ignore/pattern';
import { PatternList, readPattern } from '../ignore/pattern';
import { followLinks } from './follow';
import { contextPath } from './path';
import type { ContextTree, Entry } from './tree';

/** One thing that a COPY takes from the context. */
export interface Taken {
  /** As the instruction names it: a link in the source stands in the path, followed. */
  path: string;
  entry: Entry;
  /** Relative to the destination, taken as a folder; '' is the destination itself. */
  target: string;
  /** The folder that a source names: its content is copied, its own mode is not. */
  root: boolean;
  /** Another name of the same file that is taken with it: BuildKit makes a hard link. */
  linkedTo?: Taken;
}

/**
 * Marks the hard links among what is taken of one folder. BuildKit keeps these, in a copy and in a mount;
 * what several sources name, or a wildcard matches, it copies one by one.
 *
 * @see https://github.com/tonistiigi/fsutil, copy/hardlink.go
 */
function markLinks(taken: readonly Taken[]): void {
  const seen = new Map<string, Taken>();
  for (const each of taken) {
    const { inode } = each.entry;
    if (inode === undefined) continue;
    const first = seen.get(inode);
    if (first) each.linkedTo = first;
    else seen.set(inode, each);
  }
}

/** Why a source takes nothing. */
export interface Missing {
  /** The path that is not there, relative to the context. */
  missing: string;
  why: 'absent' | 'circular' | 'unmatched' | 'malformed';
}

/** What `COPY source` takes: a path or a pattern of Go's filepath.Match. */
export function takeSource(
  tree: ContextTree,
  source: string,
  exclude: string[],
): Taken[] | Missing {
  const path = contextPath(source);
  const matched = resolveWildcards(tree, path);
  if (!Array.isArray(matched)) return matched;
  const excluded = patternList(exclude);
  const taken: Taken[] = [];
  for (const named of matched) {
    const followed = followLinks(tree, named);
    const entry = followed === undefined ? undefined : tree.entry(followed);
    if (!entry) return { missing: named, why: followed === undefined ? 'circular' : 'absent' };
    if (entry.type === 'directory') {
      const below: Taken[] = [];
      takeBelow(tree, { folder: entry.path, named, target: '', excluded }, below);
      markLinks(below);
      taken.push({ path: named, entry, target: '', root: true });
      for (const each of below) taken.push(each);
    } else taken.push({ path: named, entry, target: named.split('/').at(-1)!, root: false });
  }
  return taken;
}

/** What `COPY --parents source` takes; `/./` in it says from where on the folders are kept. */
export function takeWithParents(
  tree: ContextTree,
  source: string,
  exclude: string[],
): Taken[] | Missing {
  const pivot = source.indexOf('/./');
  const start = pivot < 0 ? '' : contextPath(source.slice(0, pivot));
  const pattern = contextPath(pivot < 0 ? source : source.slice(pivot + 3));
  const starts = resolveWildcards(tree, start);
  if (!Array.isArray(starts)) return starts;
  const included = patternList([pattern]);
  const excluded = patternList(exclude);
  const taken: Taken[] = [];
  for (const named of starts) {
    const folder = followLinks(tree, named);
    const entry = folder === undefined ? undefined : tree.entry(folder);
    if (!entry) return { missing: named, why: folder === undefined ? 'circular' : 'absent' };
    if (entry.type !== 'directory') {
      // A file before the /./ is taken as it is, whatever the pattern behind it.
      taken.push({ path: named, entry, target: named.split('/').at(-1)!, root: false });
      continue;
    }
    const everything = pattern === '';
    const below: Taken[] = [];
    takeBelow(
      tree,
      { folder: entry.path, named, target: '', excluded, ...(!everything && { included }) },
      below,
    );
    markLinks(below);
    for (const each of below) taken.push(each);
  }
  const required = !hasWildcards(start) && !hasWildcards(pattern);
  return required && taken.length === 0 && pattern !== ''
    ? { missing: [start, pattern].filter(Boolean).join('/'), why: 'absent' }
    : taken;
}

/** Everything at and below a path that a mount shows. */
export function takeMounted(tree: ContextTree, source: string): Taken[] | Missing {
  const named = contextPath(source);
  const followed = followLinks(tree, named);
  const entry = followed === undefined ? undefined : tree.entry(followed);
  if (!entry) return { missing: named, why: followed === undefined ? 'circular' : 'absent' };
  const taken: Taken[] = [{ path: named, entry, target: '', root: false }];
  if (entry.type === 'directory')
    takeBelow(tree, { folder: entry.path, named, target: '', excluded: patternList([]) }, taken);
  markLinks(taken);
  return taken;
}

function patternList(patterns: string[]): PatternList {
  return new PatternList(patterns.flatMap((pattern) => readPattern(pattern) ?? []));
}

// BuildKit walks from the last folder before the first wildcard, and does not follow links there.
function resolveWildcards(tree: ContextTree, path: string): string[] | Missing {
  const parts = path.split('/');
  const wild = parts.findIndex(hasWildcards);
  if (wild < 0) return [path];
  const named = parts.slice(0, wild).join('/');
  const followed = followLinks(tree, named);
  if (followed === undefined) return { missing: named, why: 'circular' };
  if (!tree.entry(followed)) return { missing: named, why: 'absent' };
  const matches = matcher(parts.slice(wild).join('/'));
  const depth = parts.length - wild;
  const found: string[] = [];
  let isMalformed = false;
  const walk = (folder: string, relative: string[]) => {
    for (const entry of tree.list(folder)) {
      const at = [...relative, entry.path.split('/').at(-1)!];
      const matched = matches(at.join('/'));
      isMalformed ||= matched === undefined;
      if (matched) found.push([followed, ...at].filter(Boolean).join('/'));
      else if (entry.type === 'directory' && at.length < depth) walk(entry.path, at);
    }
  };
  walk(followed, []);
  return isMalformed ? { missing: path, why: 'malformed' } : found;
}

interface Below {
  folder: string;
  named: string;
  target: string;
  excluded: PatternList;
  included?: PatternList;
  parents?: { excluded: ParentMatches; included: ParentMatches | undefined };
}

/** Adds what is in a folder and matches; says whether anything did. */
function takeBelow(tree: ContextTree, below: Below, taken: Taken[]): boolean {
  const { excluded, included } = below;
  let any = false;
  for (const entry of tree.list(below.folder)) {
    const name = entry.path.split('/').at(-1)!;
    const target = below.target === '' ? name : `${below.target}/${name}`;
    const named = below.named === '' ? name : `${below.named}/${name}`;
    const out = excluded.match(target, below.parents?.excluded);
    const into = included?.match(target, below.parents?.included);
    const wanted = !out.by && (!into || into.by !== undefined);
    const item: Taken = { path: named, entry, target, root: false };
    const at = taken.length;
    if (wanted) taken.push(item);
    any ||= wanted;
    if (entry.type !== 'directory') continue;
    if (out.by && !excluded.patterns.some(({ negated }) => negated)) continue;
    const parents = { excluded: out.matches, included: into?.matches };
    const inside = takeBelow(tree, { ...below, folder: entry.path, named, target, parents }, taken);
    // A folder on the way to something that matches is made with its own mode.
    if (inside && !wanted) taken.splice(at, 0, item);
    any ||= inside;
  }
  return any;
}
