import { isSpace } from '@excel2doc/go-text';
import type { RuleSet } from '../rules';
import { SubstitutionError, replaceMatch, trimMatch } from './modifier';

/** The value of a variable: a string, `undefined` when it is unset, `unknown` when we can't tell. */
export type Lookup = (name: string) => string | undefined | typeof unknown;

/** A variable that may come from a base image whose configuration we have not read. */
export const unknown = Symbol('unknown');

export { SubstitutionError };

export interface ExpandOptions {
  /** Whose rules; default: the newest. */
  rules?: RuleSet;
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

/** What the words that are open are gathered in. */
interface Buffer {
  text: string;
}

class Words {
  readonly done: string[] = [];
  private open = false;

  constructor(private readonly buffer: Buffer) {}

  add(text: string): void {
    for (const character of text) {
      if (!isSpace(character)) this.addRaw(character);
      else if (this.open && this.buffer.text !== '') {
        this.done.push(this.buffer.text);
        this.buffer.text = '';
        this.open = false;
      }
    }
  }

  addRaw(text: string): void {
    this.buffer.text += text;
    this.open = true;
  }

  finish(): string[] {
    if (this.buffer.text !== '') this.done.push(this.buffer.text);
    this.buffer.text = '';
    return this.done;
  }
}

class Expander {
  private readonly characters: string[];
  private at = 0;
  private rawEscapes: boolean;
  private readonly used = new Set<string>();
  private readonly unknown = new Set<string>();
  private readonly rules: RuleSet;
  private readonly buffer: Buffer = { text: '' };

  constructor(
    word: string,
    private readonly lookup: Lookup,
    private readonly options: ExpandOptions,
  ) {
    this.characters = [...word];
    this.rawEscapes = options.rawEscapes ?? false;
    this.rules = options.rules ?? 34;
  }

  run(): Expansion {
    const { text, words } = this.until(undefined, this.rawEscapes, false);
    return { text, words, used: this.used, unknown: this.unknown };
  }

  private peek(): string | undefined {
    return this.characters[this.at];
  }

  private next(): string | undefined {
    return this.characters[this.at++];
  }

  /** @param isPattern the result is read once more, as a pattern, so that quoted escapes are doubled */
  private until(
    stop: string | undefined,
    rawEscapes: boolean,
    isPattern: boolean,
  ): { text: string; words: string[] } {
    const before = this.rawEscapes;
    this.rawEscapes = rawEscapes;
    try {
      return this.scan(stop, isPattern && this.rules >= 34);
    } finally {
      this.rawEscapes = before;
    }
  }

  private scan(stop: string | undefined, isPattern: boolean): { text: string; words: string[] } {
    // In later versions the words within ${…} are gathered where those around it were: these are lost.
    if (this.rules >= 34) this.buffer.text = '';
    const words = new Words(this.rules >= 34 ? this.buffer : { text: '' });
    const marksHeredocs = this.rules >= 34;
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
      } else if (
        (character === '<' && marksHeredocs) ||
        (!this.options.ignoreQuotes && /['"]/.test(character))
      ) {
        const value = character === '<' ? this.heredocMark() : this.quoted(isPattern);
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

  private quoted(isPattern: boolean): string {
    return this.next() === "'" ? this.singleQuoted(isPattern) : this.doubleQuoted(isPattern);
  }

  private singleQuoted(isPattern: boolean): string {
    const end = this.characters.indexOf("'", this.at);
    if (end < 0)
      throw new SubstitutionError(
        'unexpected end of statement while looking for matching single-quote',
      );
    const { escape } = this.options;
    const inner = this.characters
      .slice(this.at, end)
      .map((character) => (isPattern && character === escape ? escape + escape : character))
      .join('');
    this.at = end + 1;
    return this.options.rawQuotes ? `'${inner}'` : inner;
  }

  private doubleQuoted(isPattern: boolean): string {
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
      const escaped = this.peek();
      const isEscape = escaped === '"' || escaped === '$' || escaped === this.options.escape;
      const keepsBoth =
        this.rules < 34 ||
        isEscape ||
        (escaped !== undefined && (!this.options.rawQuotes || isPattern));
      if (this.rawEscapes && keepsBoth) text += character;
      if (escaped === undefined) continue;
      if (isEscape) this.at++;
      text += isEscape ? escaped : character;
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
    if (trims && emptyIsUnset && this.rules >= 34) throw unsupported();
    // After a colon BuildKit reads the word before it looks at the modifier.
    if (!emptyIsUnset && !'+-?#%'.includes(modifier ?? ' ')) throw unsupported();
    const word = this.closing('}', trims, trims);
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
        // There BuildKit looks for a first character that is not there.
        if (word === '' && this.rules < 34)
          throw new SubstitutionError(`${name}${modifier}: empty pattern in substitution`);
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
    const pattern = this.closing('/', true, true);
    const replacement = this.closing('}', true, false);
    const value = this.get(name);
    if (value === undefined && this.options.keepUnset)
      return `\${${name}/${pattern}/${replacement}}`;
    return replaceMatch(value ?? '', pattern, replacement, all);
  }

  private closing(stop: string, rawEscapes: boolean, isPattern: boolean): string {
    try {
      return this.until(stop, rawEscapes, isPattern).text;
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
