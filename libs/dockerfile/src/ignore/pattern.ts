import { cleanPath, matcher, trimSpace } from '@excel2doc/go-text';
import { goRegexp } from './go-regexp';

/** A pattern that BuildKit refuses; the message is BuildKit's, the caller knows the place. */
export class MalformedPattern extends Error {}

/** One pattern of .dockerignore or of COPY --exclude. */
export interface Pattern {
  /** Cleaned, without the `!`. */
  text: string;
  /** `!`: what it matches is taken back in. */
  negated: boolean;
  matches(path: string): boolean;
}

/**
 * @returns `undefined` for a blank pattern
 * @throws MalformedPattern
 * @see https://github.com/moby/patternmatcher, New
 */
export function readPattern(line: string): Pattern | undefined {
  const trimmed = trimSpace(line);
  if (trimmed === '') return undefined;
  const cleaned = cleanPath(trimmed);
  const negated = cleaned.startsWith('!');
  const text = negated ? cleaned.slice(1) : cleaned;
  if (text === '') throw new MalformedPattern('illegal exclusion pattern: "!"');
  // BuildKit checks the syntax so, and reads no further than it takes to see that they differ.
  if (matcher(text)('.') === undefined)
    throw new MalformedPattern(`syntax error in pattern ${text}`);
  return { text, negated, matches: match(text) };
}

/** What a pattern of moby/patternmatcher comes to. */
function match(text: string): (path: string) => boolean {
  const { source, kind } = translate([...asRunes(text).replace(/^\ufeff/, '')]);
  if (kind === 'exact') return (path) => path === text;
  if (kind === 'prefix') {
    const prefix = text.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (kind === 'suffix') {
    const suffix = text.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
  }
  // Compiled where it is first tried: BuildKit refuses the rest of a malformed pattern only then.
  let regex: RegExp | undefined;
  return (path) => {
    try {
      regex ??= goRegexp(source);
    } catch (cause) {
      throw new MalformedPattern(`syntax error in pattern ${text}`, { cause });
    }
    return regex.test(asRunes(path));
  };
}

/** Go's regexp and scanner read a byte that is no UTF-8 as U+FFFD. */
function asRunes(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

type Kind = 'exact' | 'prefix' | 'suffix' | 'regex';

/**
 * The source of a regular expression of Go's, as patternmatcher writes it. The four kinds are part of
 * the meaning: `**\/a` is a suffix, so it matches `x/a` and `a`. `|`, `{`, `}` and `^` are not escaped,
 * and a letter after a backslash is whatever Go's regexp takes it for.
 */
function translate(pattern: string[]): { source: string; kind: Kind } {
  let source = '^';
  let kind: Kind = 'exact';
  for (let i = 0, step = 0; i < pattern.length; step++) {
    const character = pattern[i++]!;
    if (character === '*' && pattern[i] === '*') {
      i++;
      if (pattern[i] === '/') i++;
      if (i < pattern.length) {
        source += '(.*/)?';
        kind = 'regex';
      } else if (kind === 'exact') kind = 'prefix';
      else {
        source += '.*';
        kind = 'regex';
      }
      if (step === 0) kind = 'suffix';
    } else if (character === '*' || character === '?') {
      source += character === '*' ? '[^/]*' : '[^/]';
      kind = 'regex';
    } else if (/[.+()$]/.test(character)) source += `\\${character}`;
    else if (character === '\\') {
      source += character;
      if (i === pattern.length) continue;
      source += pattern[i++]!;
      kind = 'regex';
    } else {
      source += character;
      if (character === '[' || character === ']') kind = 'regex';
    }
  }
  return { source: `${source}$`, kind };
}

/** For each pattern, whether it matched a folder: what lies below it matches too. */
export type ParentMatches = readonly boolean[];

/** An ordered list of patterns: the last one that matches decides. */
export class PatternList<P extends Pattern = Pattern> {
  private readonly negations: P[];
  // With a wildcard in a negation, BuildKit can't tell what it may take back in, and looks everywhere.
  private readonly plainNegations: boolean;

  constructor(readonly patterns: readonly P[]) {
    this.negations = patterns.filter(({ negated }) => negated);
    this.plainNegations = this.negations.every(({ text }) => !/[*[\]?^\\]/.test(withoutGlob(text)));
  }

  /**
   * Whether the list matches `path`, which lies in a folder that gave `parent`.
   *
   * @param parent omitted for a path at the top
   * @see https://github.com/moby/patternmatcher, MatchesUsingParentResults
   */
  match(path: string, parent?: ParentMatches): { by: P | undefined; matches: ParentMatches } {
    const matches: boolean[] = new Array<boolean>(this.patterns.length).fill(false);
    let by: P | undefined;
    this.patterns.forEach((pattern, index) => {
      const inherited = parent?.[index] ?? false;
      // One that could not change the outcome is not tried, which the folders below it inherit.
      if (!inherited && pattern.negated === (by === undefined)) return;
      if (!inherited && !pattern.matches(path)) return;
      matches[index] = true;
      by = pattern.negated ? undefined : pattern;
    });
    return { by, matches };
  }

  /** Whether something in a matched folder may be taken back in. */
  mayNegateBelow(folder: string): boolean {
    if (this.negations.length === 0) return false;
    if (!this.plainNegations) return true;
    return this.negations.some(({ text }) => `${withoutGlob(text)}/`.startsWith(`${folder}/`));
  }
}

function withoutGlob(text: string): string {
  return text.replace(/\/\*\*$/, '').replace(/\/\*$/, '');
}
