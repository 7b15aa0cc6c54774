/** What stands where a secret value stood. */
const MASK = '***';
/** A shorter one would be found everywhere, and take the log away. */
const SHORTEST = 4;
/** How `base64` and PEM break their lines. */
const COLUMNS = [64, 76];
const MOST_LINES = 64;

/**
 * Takes values out of text, as they are and as base64, hex or an address writes them.
 *
 * It finds what is written out. Who runs code with a secret at hand can write it so that nobody finds
 * it, backwards for example.
 */
export class Redactor {
  /** Longest first: one that another begins with would leave the rest. */
  private readonly needles: readonly string[];

  constructor(values: readonly Buffer[]) {
    const found = new Set(values.flatMap(writings).filter(({ length }) => length >= SHORTEST));
    this.needles = [...found].sort((a, b) => b.length - a.length);
  }

  /** A whole text without the values. */
  redact(text: string): string {
    const { done, rest } = this.split(text, false);
    return done + rest;
  }

  /**
   * For a text that comes in pieces, which may break anywhere: gives what is clear of each. `end` gives
   * what was held back.
   */
  stream(): { add(text: string): string; end(): string } {
    let held = '';
    return {
      add: (text) => {
        const { done, rest } = this.split(held + text, true);
        held = rest;
        return done;
      },
      end: () => {
        const last = this.redact(held);
        held = '';
        return last;
      },
    };
  }

  /** @param open whether more may follow: then the beginning of a value at the end is held back */
  private split(text: string, open: boolean): { done: string; rest: string } {
    const matches = this.matches(text);
    let end = open ? this.openAt(text) : text.length;
    // What is held back may overlap a match, which is held back whole then.
    for (const [from, to] of matches.toReversed()) if (to > end) end = Math.min(end, from);
    let done = '';
    let at = 0;
    for (const [from, to] of matches) {
      if (to > end) break;
      done += text.slice(at, from) + MASK;
      at = to;
    }
    return { done: done + text.slice(at, end), rest: text.slice(end) };
  }

  /** Where values stand, those that touch or overlap as one, in order. */
  private matches(text: string): [from: number, to: number][] {
    const found: [number, number][] = [];
    for (const needle of this.needles)
      for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
        found.push([at, at + needle.length]);
    const merged: [number, number][] = [];
    for (const [from, to] of found.sort(([a], [b]) => a - b)) {
      const last = merged.at(-1);
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    return merged;
  }

  /** Where the end of the text begins that may be the beginning of a value. */
  private openAt(text: string): number {
    let first = text.length;
    for (const needle of this.needles) {
      const from = Math.max(0, text.length - needle.length + 1);
      for (let at = text.indexOf(needle[0]!, from); at >= 0 && at < first;) {
        if (needle.startsWith(text.slice(at))) first = at;
        else at = text.indexOf(needle[0]!, at + 1);
      }
    }
    return first;
  }
}

/** A value in all the ways that it is looked for. */
function writings(value: Buffer): string[] {
  const text = value.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(value);
  // A log has a prefix on each line, so a value of several lines never stands there as a whole.
  const lines = isText ? text.split(/\r?\n/).map((line) => line.trim()) : [];
  // Each line costs a dozen writings, and all are looked for in each piece.
  const few = lines.length > MOST_LINES ? [] : lines;
  const parts = [value, ...few.map((line) => Buffer.from(line))];
  return [
    ...lines,
    ...few.flatMap(tokensIn),
    ...few.flatMap(inAddresses),
    ...parts.flatMap(encoded),
  ];
}

/** What looks like a token within a line: the password of a `.netrc`, the token of a `.npmrc`. */
function tokensIn(line: string): string[] {
  const words = line.split(/[\s=:@"',;]+/);
  return words.filter((word) => word.length >= 12 && /\d/.test(word) && /[a-z]/i.test(word));
}

function inAddresses(line: string): string[] {
  try {
    const escaped = encodeURIComponent(line);
    const lower = escaped.replace(/%../g, (each) => each.toLowerCase());
    return [escaped, lower, escaped.replaceAll('%20', '+')];
  } catch {
    // Half of a surrogate pair: no address has it.
    return [];
  }
}

/** Base64 hangs on where the value begins in what was encoded: `user:token`, for one. */
function encoded(value: Buffer): string[] {
  if (value.length < SHORTEST) return [];
  const inside = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), value]).toString('base64');
    const clear = Math.floor((value.length + before) / 3) * 4;
    return whole.slice(before === 0 ? 0 : 4, clear);
  });
  const whole = value.toString('base64');
  const wrapped = COLUMNS.flatMap((columns) =>
    whole.length > columns ? (whole.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []) : [],
  ).filter(({ length }) => length > SHORTEST * 2);
  const all = [whole.replace(/=+$/, ''), ...inside, ...wrapped];
  const forAddresses = all.map((each) => each.replaceAll('+', '-').replaceAll('/', '_'));
  const hex = value.toString('hex');
  return [...all, ...forAddresses, hex, hex.toUpperCase()].filter(
    ({ length }) => length > SHORTEST,
  );
}
