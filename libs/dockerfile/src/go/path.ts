import { posix } from 'node:path';

/** Go's path.Clean: as posix.normalize, without a trailing slash. */
export function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** A path of the build context without `./`, `..` above the root, or slashes around it; '' is the root. */
export function contextPath(path: string): string {
  return clean(`/${path}`).slice(1);
}

export function hasWildcards(path: string): boolean {
  for (let i = 0; i < path.length; i++) {
    const character = path[i];
    if (character === '\\') i++;
    else if (character === '*' || character === '?' || character === '[') return true;
  }
  return false;
}

const compiled = new Map<string, RegExp | null>();

/**
 * Go's filepath.Match: `*` and `?` stop at a slash, `[a-c]` and `[^a]` are classes, `\` escapes.
 * `null` stands for a malformed pattern.
 *
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function matchPattern(pattern: string): RegExp | null {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    const source = patternSource([...pattern]);
    regex = source === null ? null : new RegExp(`^${source}$`, 'us');
    compiled.set(pattern, regex);
  }
  return regex;
}

export function quote(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}

function patternSource(pattern: string[]): string | null {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '\\') {
      const next = pattern[++i];
      if (next === undefined) return null;
      source += quote(next);
    } else if (character === '[') {
      const found = classSource(pattern, i + 1);
      if (!found) return null;
      source += found.source;
      i = found.end;
    } else source += quote(character);
  }
  return source;
}

function classSource(pattern: string[], start: number): { source: string; end: number } | null {
  let i = start;
  const negated = pattern[i] === '^';
  if (negated) i++;
  const member = (): string | null => {
    let character = pattern[i];
    if (character === undefined || character === '-' || character === ']') return null;
    if (character === '\\') character = pattern[++i];
    i++;
    return character ?? null;
  };
  const alternatives: string[] = [];
  while (alternatives.length === 0 || pattern[i] !== ']') {
    const low = member();
    if (low === null || pattern[i] === undefined) return null;
    let high: string | null = low;
    if (pattern[i] === '-') {
      i++;
      high = member();
      if (high === null || pattern[i] === undefined) return null;
    }
    if (low.codePointAt(0)! <= high.codePointAt(0)!) alternatives.push(range(low, high));
    else alternatives.push('(?!)');
  }
  const ranges = alternatives.filter((alternative) => alternative !== '(?!)').join('');
  // A class never matches more than one character, and Go lets [^a] match a slash.
  if (ranges === '') return { source: negated ? '[^]' : '(?!)', end: i };
  return { source: `[${negated ? '^' : ''}${ranges}]`, end: i };
}

function range(low: string, high: string): string {
  const escape = (character: string) => `\\u{${character.codePointAt(0)!.toString(16)}}`;
  return low === high ? escape(low) : `${escape(low)}-${escape(high)}`;
}
