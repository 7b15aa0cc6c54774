import { cleanPath, matcher, trimSpace } from '@excel2doc/go-text';
import { literal } from '../syntax/literal';

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
 * @throws SyntaxError for a malformed one
 * @see https://github.com/moby/patternmatcher, New
 */
export function readPattern(line: string): Pattern | undefined {
  const trimmed = trimSpace(line);
  if (trimmed === '') return undefined;
  const cleaned = cleanPath(trimmed);
  const negated = cleaned.startsWith('!');
  const text = negated ? cleaned.slice(1) : cleaned;
  if (text === '') throw new SyntaxError('illegal exclusion pattern: "!"');
  // BuildKit checks the syntax so, and reads no further than it takes to see that they differ.
  if (matcher(text)('.') === undefined) throw new SyntaxError(`syntax error in pattern ${text}`);
  return { text, negated, matches: match(text) };
}

function match(text: string): (path: string) => boolean {
  const { source, kind } = translate([...text]);
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
      regex ??= new RegExp(`^${source}$`, 'u');
    } catch (cause) {
      throw new SyntaxError(`syntax error in pattern ${text}`, { cause });
    }
    return regex.test(path);
  };
}

type Kind = 'exact' | 'prefix' | 'suffix' | 'regex';

// The four kinds are part of the meaning: `**/a` is a suffix, so it matches `x/a` and `a`.
function translate(pattern: string[]): { source: string; kind: Kind } {
  let source = '';
  let kind: Kind = 'exact';
  let inClass = false;
  for (let i = 0, step = 0; i < pattern.length; step++) {
    const character = pattern[i++]!;
    if (character === '*' && pattern[i] === '*') {
      i++;
      if (pattern[i] === '/') i++;
      if (i < pattern.length) {
        source += '([^\\n]*/)?';
        kind = 'regex';
      } else if (kind === 'exact') kind = 'prefix';
      else {
        source += '[^\\n]*';
        kind = 'regex';
      }
      if (step === 0) kind = 'suffix';
    } else if (character === '*' || character === '?') {
      source += character === '*' ? '[^/]*' : '[^/]';
      inClass = false; // Within a class the ] that this puts in closes it: so does moby's.
      kind = 'regex';
    } else if (character === '\\') {
      const escaped = pattern[i++] ?? '\\';
      // A letter after it is a class of Go's regexp, as \d; the rest stands for itself.
      source += /[\p{L}\p{Nd}]/u.test(escaped) ? `\\${escaped}` : literal(escaped);
      if (i <= pattern.length) kind = 'regex';
    } else if (/[.+()|{}$]/.test(character)) source += `\\${character}`;
    else if (character === '[' || character === ']') {
      source += character === ']' && !inClass ? '\\]' : character;
      inClass = character === '[';
      kind = 'regex';
    } else source += character;
  }
  return { source, kind };
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
