import { isSpace } from '@excel2doc/go-text';
import { SubstitutionError, replaceMatch, trimMatch } from './modifier';

/** The value of a variable: a string, `undefined` when it is unset, `unknown` when we can't tell. */
export type Lookup = (name: string) => string | undefined | typeof unknown;

/** A variable that may come from a base image whose configuration we have not read. */
export const unknown = Symbol('unknown');

export { SubstitutionError };

export interface ExpandOptions {
  /** Directive `escape`: a backslash, or a backtick. */
  escape: string;
  /** Keep quotes in the result. */
  rawQuotes?: boolean;
  rawEscapes?: boolean;
  /** Take quotes as any other character: heredocs. */
  ignoreQuotes?: boolean;
  /** Leave `$UNSET` as it stands. */
  keepUnset?: boolean;
}

export interface Expansion {
  text: string;
  /** Split at unquoted white space, after substitution. */
  words: string[];
  /** Names that were looked up. */
  used: Set<string>;
  /** Names among these whose value is not known: `text` may be wrong. */
  unknown: Set<string>;
}

/**
 * Quotes, escapes and variables of `word`, as BuildKit's shell lexer reads them.
 *
 * @throws SubstitutionError on an unbalanced quote or brace, an unsupported modifier, or `${x?}`
 * @see https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expand(word: string, lookup: Lookup, options: ExpandOptions): Expansion {
  return new Expander(word, lookup, options).run();
}

class Words {
  readonly done: string[] = [];
  private current = '';
  private open = false;

  add(text: string): void {
    for (const character of text) {
      if (!isSpace(character)) this.addRaw(character);
      else if (this.open && this.current !== '') {
        this.done.push(this.current);
        this.current = '';
        this.open = false;
      }
    }
  }

  addRaw(text: string): void {
    this.current += text;
    this.open = true;
  }

  finish(): string[] {
    if (this.current !== '') this.done.push(this.current);
    return this.done;
  }
}

class Expander {
  private readonly characters: string[];
  private at = 0;
  private rawEscapes: boolean;
  private readonly used = new Set<string>();
  private readonly unknown = new Set<string>();

  constructor(
    word: string,
    private readonly lookup: Lookup,
    private readonly options: ExpandOptions,
  ) {
    this.characters = [...word];
    this.rawEscapes = options.rawEscapes ?? false;
  }

  run(): Expansion {
    const { text, words } = this.until(undefined, this.rawEscapes);
    return { text, words, used: this.used, unknown: this.unknown };
  }

  private peek(): string | undefined {
    return this.characters[this.at];
  }

  private next(): string | undefined {
    return this.characters[this.at++];
  }

  private until(stop: string | undefined, rawEscapes: boolean): { text: string; words: string[] } {
    const before = this.rawEscapes;
    this.rawEscapes = rawEscapes;
    try {
      return this.scan(stop);
    } finally {
      this.rawEscapes = before;
    }
  }

  private scan(stop: string | undefined): { text: string; words: string[] } {
    const words = new Words();
    let text = '';
    for (let character = this.peek(); character !== undefined; character = this.peek()) {
      if (character === stop) {
        this.at++;
        return { text, words: words.finish() };
      }
      if (character === '$') {
        const value = this.variable();
        text += value;
        words.add(value);
      } else if (character === '<' || (!this.options.ignoreQuotes && /['"]/.test(character))) {
        const value = character === '<' ? this.heredocMark() : this.quoted();
        text += value;
        words.addRaw(value);
      } else if (character === this.options.escape) {
        this.at++;
        if (this.rawEscapes) {
          text += character;
          words.addRaw(character);
        }
        const escaped = this.next();
        if (escaped === undefined) break;
        text += escaped;
        words.addRaw(escaped);
      } else {
        this.at++;
        text += character;
        words.add(character);
      }
    }
    if (stop !== undefined)
      throw new SubstitutionError(`unexpected end of statement while looking for matching ${stop}`);
    return { text, words: words.finish() };
  }

  private quoted(): string {
    return this.next() === "'" ? this.singleQuoted() : this.doubleQuoted();
  }

  private singleQuoted(): string {
    const end = this.characters.indexOf("'", this.at);
    if (end < 0)
      throw new SubstitutionError(
        'unexpected end of statement while looking for matching single-quote',
      );
    const inner = this.characters.slice(this.at, end).join('');
    this.at = end + 1;
    return this.options.rawQuotes ? `'${inner}'` : inner;
  }

  private doubleQuoted(): string {
    const mark = this.options.rawQuotes ? '"' : '';
    let text = mark;
    for (;;) {
      const character = this.peek();
      if (character === undefined)
        throw new SubstitutionError(
          'unexpected end of statement while looking for matching double-quote',
        );
      if (character === '$') {
        text += this.variable();
        continue;
      }
      this.at++;
      if (character === '"') return text + mark;
      if (character !== this.options.escape) {
        text += character;
        continue;
      }
      if (this.rawEscapes) text += character;
      const escaped = this.peek();
      if (escaped === undefined) continue;
      if (escaped === '"' || escaped === '$' || escaped === this.options.escape) {
        this.at++;
        text += escaped;
      } else text += character;
    }
  }

  private heredocMark(): string {
    this.at++;
    if (this.peek() !== '<') return '<';
    this.at++;
    let spaces = '';
    while (/^[\t\r ]$/.test(this.peek() ?? '')) spaces += this.next();
    return `<<${spaces}`;
  }

  private variable(): string {
    this.at++;
    if (this.peek() === '{') return this.braced();
    const name = this.name();
    if (name === '') return '$';
    const value = this.get(name);
    return value ?? (this.options.keepUnset ? `$${name}` : '');
  }

  private braced(): string {
    this.at++;
    const first = this.peek();
    if (first === undefined) throw new SubstitutionError("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':')
      throw new SubstitutionError('syntax error: bad substitution');
    const name = this.name();
    const modifier = this.next();
    if (modifier === '}') {
      return this.get(name) ?? (this.options.keepUnset ? `\${${name}}` : '');
    }
    if (modifier === '/') return this.replaced(name);
    if (modifier === ':') return this.modified(name, this.next(), true);
    return this.modified(name, modifier, false);
  }

  private modified(name: string, modifier: string | undefined, emptyIsUnset: boolean): string {
    const shown = (emptyIsUnset ? ':' : '') + (modifier ?? '');
    const unsupported = () =>
      new SubstitutionError(`unsupported modifier (${shown}) in substitution`);
    const trims = modifier === '#' || modifier === '%';
    if (trims && emptyIsUnset) throw unsupported();
    // After a colon BuildKit reads the word before it looks at the modifier.
    if (!emptyIsUnset && !'+-?#%'.includes(modifier ?? ' ')) throw unsupported();
    const word = this.closing('}', trims);
    const value = this.get(name);
    if (value === undefined && this.options.keepUnset) return `\${${name}${shown}${word}}`;
    const missing = value === undefined || (emptyIsUnset && value === '');
    switch (modifier) {
      case '-':
        return missing ? word : value;
      case '+':
        return missing ? '' : word;
      case '?':
        if (missing && !this.unknown.has(name)) {
          const why = value === undefined ? 'unset' : 'empty';
          throw new SubstitutionError(`${name}: ${word || `is not allowed to be ${why}`}`);
        }
        return value ?? '';
      case '#':
      case '%': {
        const longest = word.startsWith(modifier);
        return trimMatch(value ?? '', longest ? word.slice(1) : word, modifier, longest);
      }
      default:
        throw unsupported();
    }
  }

  private replaced(name: string): string {
    const all = this.peek() === '/';
    if (all) this.at++;
    const pattern = this.closing('/', true);
    const replacement = this.closing('}', true);
    const value = this.get(name);
    if (value === undefined && this.options.keepUnset)
      return `\${${name}/${pattern}/${replacement}}`;
    return replaceMatch(value ?? '', pattern, replacement, all);
  }

  private closing(stop: string, rawEscapes: boolean): string {
    try {
      return this.until(stop, rawEscapes).text;
    } catch (error) {
      if (this.peek() !== undefined) throw error;
      throw new SubstitutionError(
        stop === '/' ? "syntax error: missing '/' in ${}" : "syntax error: missing '}'",
      );
    }
  }

  private name(): string {
    const rest = this.characters.slice(this.at).join('');
    const name = /^(?:\p{Nd}+|[@*#?\-$!]|[\p{L}\p{Nd}_]+)/u.exec(rest)?.[0] ?? '';
    this.at += [...name].length;
    return name;
  }

  private get(name: string): string | undefined {
    this.used.add(name);
    const value = this.lookup(name);
    if (value !== unknown) return value;
    this.unknown.add(name);
    return '';
  }
}
