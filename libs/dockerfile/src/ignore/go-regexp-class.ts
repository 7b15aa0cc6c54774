import { literal } from '../syntax/literal';

/** What Go's regexp.Compile refuses. */
export class MalformedRegexp extends Error {}

interface Read {
  /** JavaScript's, an atom of its own. */
  source: string;
  end: number;
}

const perl: Record<string, string> = {
  d: '0-9',
  s: '\\t\\n\\f\\r ',
  w: '0-9A-Za-z_',
};

const posix: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\0-\\x7f',
  blank: '\\t ',
  cntrl: '\\0-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

const controls: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** `[…]` from its bracket on. */
export function readClass(characters: readonly string[], start: number): Read {
  let at = start + 1;
  const negated = characters[at] === '^';
  if (negated) at++;
  const members: string[] = [];
  const closed = () => new MalformedRegexp('missing closing ]');
  for (let first = true; first || characters[at] !== ']'; first = false) {
    if (at >= characters.length) throw closed();
    const set =
      posixClass(characters, at) ?? unicodeClass(characters, at) ?? perlClass(characters, at);
    if (set) {
      members.push(set.source);
      at = set.end;
      continue;
    }
    const low = readMember(characters, at);
    at = low.end;
    let high = low.code;
    if (characters[at] === '-' && at + 1 < characters.length && characters[at + 1] !== ']') {
      const read = readMember(characters, at + 1);
      high = read.code;
      at = read.end;
      if (high < low.code) throw new MalformedRegexp('invalid character class range');
    }
    members.push(`[${hex(low.code)}-${hex(high)}]`);
  }
  const any = members.join('|');
  return { source: negated ? `(?:(?!${any})[^])` : `(?:${any})`, end: at + 1 };
}

/** A `\` and what follows it, outside of brackets. */
export function readEscape(characters: readonly string[], at: number): Read {
  const set = perlClass(characters, at);
  if (set) return set;
  const { code, end } = escaped(characters, at);
  return { source: literal(String.fromCodePoint(code)), end };
}

/** `\pN`, `\p{Greek}`, `\P{^Greek}` */
export function unicodeClass(characters: readonly string[], at: number): Read | undefined {
  const kind = characters[at + 1];
  if (characters[at] !== '\\' || (kind !== 'p' && kind !== 'P')) return undefined;
  let end = at + 3;
  let name = characters[at + 2] ?? '';
  if (name === '{') {
    const close = characters.indexOf('}', at);
    if (close < 0) throw new MalformedRegexp('invalid character class range');
    name = characters.slice(at + 3, close).join('');
    end = close + 1;
  }
  const negated = (kind === 'P') !== name.startsWith('^');
  name = name.replace(/^\^/, '');
  if (name === 'Any') return { source: negated ? '(?!)' : '[^]', end };
  const isCategory = /^(?:C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/.test(
    name,
  );
  const source = `\\${negated ? 'P' : 'p'}{${isCategory ? '' : 'Script='}${name}}`;
  try {
    new RegExp(source, 'u');
  } catch (cause) {
    throw new MalformedRegexp(`invalid character class range: ${name}`, { cause });
  }
  return { source, end };
}

function perlClass(characters: readonly string[], at: number): Read | undefined {
  const kind = characters[at + 1];
  if (characters[at] !== '\\' || kind === undefined) return undefined;
  const lower = kind.toLowerCase();
  if (!/^[dDsSwW]$/.test(kind)) return undefined;
  return { source: `[${kind === lower ? '' : '^'}${perl[lower]}]`, end: at + 2 };
}

function posixClass(characters: readonly string[], at: number): Read | undefined {
  if (characters[at] !== '[' || characters[at + 1] !== ':') return undefined;
  const rest = characters.slice(at + 2).join('');
  const close = rest.indexOf(':]');
  if (close < 0) return undefined;
  const [, caret, name = ''] = /^(\^?)([^]*)$/.exec(rest.slice(0, close)) ?? [];
  const set = Object.hasOwn(posix, name) ? posix[name] : undefined;
  if (set === undefined) throw new MalformedRegexp('invalid character class range');
  const end = at + 2 + [...rest.slice(0, close)].length + 2;
  return { source: `[${caret ? '^' : ''}${set}]`, end };
}

function readMember(characters: readonly string[], at: number): { code: number; end: number } {
  const character = characters[at];
  if (character === undefined) throw new MalformedRegexp('missing closing ]');
  if (character === '\\') return escaped(characters, at);
  return { code: character.codePointAt(0)!, end: at + 1 };
}

function escaped(characters: readonly string[], at: number): { code: number; end: number } {
  const refuse = () => new MalformedRegexp('invalid escape sequence');
  const character = characters[at + 1];
  if (character === undefined) throw new MalformedRegexp('trailing backslash at end of expression');
  const rest = characters.slice(at + 1, at + 16).join('');
  // A digit alone would be what a group matched.
  const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)?.[0];
  if (octal !== undefined) return { code: parseInt(octal, 8), end: at + 1 + octal.length };
  if (character === 'x') {
    const [all, short, long = ''] = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/.exec(rest) ?? [];
    const code = parseInt(short ?? long, 16);
    if (all === undefined || code > 0x10ffff) throw refuse();
    return { code, end: at + 1 + all.length };
  }
  const control = Object.hasOwn(controls, character) ? controls[character] : undefined;
  if (control !== undefined) return { code: control, end: at + 2 };
  if (!/^[\0-\x7f]$/.test(character) || /^[0-9A-Za-z]$/.test(character)) throw refuse();
  return { code: character.codePointAt(0)!, end: at + 2 };
}

function hex(code: number): string {
  return `\\u{${code.toString(16)}}`;
}
