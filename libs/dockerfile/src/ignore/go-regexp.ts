import { MalformedRegexp, readClass, readEscape, unicodeClass } from './go-regexp-class';
import { literal } from '../syntax/literal';

/**
 * A regular expression of Go's regexp as one of JavaScript, with the flag u. Of Go's syntax it reads
 * what .dockerignore can bring about: no groups but `(…)?`, no flags.
 *
 * @throws MalformedRegexp
 * @see https://pkg.go.dev/regexp/syntax
 */
export function goRegexp(source: string): RegExp {
  const characters = [...source];
  let translated = '';
  /** What a repetition may stand behind. */
  let before: 'nothing' | 'atom' | 'repetition' = 'nothing';
  const atom = (text: string) => {
    translated += text;
    before = 'atom';
  };
  const repeat = (operator: string) => {
    if (before === 'nothing') throw new MalformedRegexp('missing argument to repetition operator');
    if (before === 'repetition') throw new MalformedRegexp('invalid nested repetition operator');
    translated += operator;
    before = 'repetition';
  };
  for (let at = 0; at < characters.length;) {
    const character = characters[at]!;
    switch (character) {
      case '|':
      case '(':
        translated += character;
        before = 'nothing';
        at++;
        break;
      case '*':
      case '?':
        repeat(character);
        at++;
        break;
      case '.':
        atom('[^\\n]');
        at++;
        break;
      case '^':
      case '$':
        // Go repeats what has no width; in JavaScript that needs a group.
        atom(`(?:${character})`);
        at++;
        break;
      case ')':
        atom(')');
        at++;
        break;
      case '[': {
        const read = readClass(characters, at);
        atom(read.source);
        at = read.end;
        break;
      }
      case '{': {
        const count = repetition(characters, at);
        if (count) repeat(count.operator);
        else atom('\\{');
        at = count ? count.end : at + 1;
        break;
      }
      case '\\': {
        const next = characters[at + 1];
        if (next === 'Q') {
          at = quoted(characters, at + 2, atom);
          break;
        }
        const read = anchor(next, at) ?? unicodeClass(characters, at) ?? readEscape(characters, at);
        atom(read.source);
        at = read.end;
        break;
      }
      default:
        atom(literal(character));
        at++;
    }
  }
  return new RegExp(translated, 'u');
}

const anchors: Record<string, string> = {
  A: '(?:^)',
  z: '(?:$)',
  b: '(?:\\b)',
  B: '(?:\\B)',
};

function anchor(character: string | undefined, at: number) {
  const source = character === undefined ? undefined : anchors[character];
  return source === undefined ? undefined : { source, end: at + 2 };
}

/** `\Q` up to `\E` or the end: each character stands for itself. */
function quoted(characters: readonly string[], start: number, atom: (text: string) => void) {
  for (let at = start; at < characters.length; at++) {
    if (characters[at] === '\\' && characters[at + 1] === 'E') return at + 2;
    atom(literal(characters[at]!));
  }
  return characters.length;
}

/** `{2}`, `{2,}`, `{2,3}`; anything else behind a brace is no repetition. */
function repetition(characters: readonly string[], at: number) {
  const rest = characters.slice(at, at + 24).join('');
  const [all, least = '', comma, most = ''] = /^\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}/.exec(rest) ?? [];
  if (all === undefined) return undefined;
  const [low, high] = [Number(least), most === '' ? undefined : Number(most)];
  if (low > 1000 || (high !== undefined && (high > 1000 || high < low)))
    throw new MalformedRegexp('invalid repeat count');
  return { operator: `{${low}${comma ? `,${high ?? ''}` : ''}}`, end: at + all.length };
}
