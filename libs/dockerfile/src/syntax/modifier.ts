import { literal } from './literal';

/** A substitution that BuildKit refuses; the message is BuildKit's. */
export class SubstitutionError extends Error {}

/** `${name/pattern/replacement}`, and with `all` `${name//pattern/replacement}`. */
export function replaceMatch(
  value: string,
  pattern: string,
  replacement: string,
  all: boolean,
): string {
  const regex = new RegExp(glob(pattern, true), all ? 'gu' : 'u');
  if (!all) return value.replace(regex, () => replacement);
  // BuildKit hands a replacement of all matches to Go's regexp, where $1 is a group; there is none.
  return value.replace(regex, () =>
    replacement.replace(/\$(?:\{\w*\}|\w+)/g, '').replaceAll('$$', '$'),
  );
}

/** `${name#pattern}` and its like: what a pattern matches at the start or the end is cut off. */
export function trimMatch(
  value: string,
  pattern: string,
  side: '#' | '%',
  longest: boolean,
): string {
  const source = glob(pattern, longest);
  if (side === '#') return value.replace(new RegExp(`^${source}`, 'u'), '');
  // The shortest match at the end: try the ends from the right, the longest from the left.
  const whole = new RegExp(`^${source}$`, 'u');
  const characters = [...value];
  const starts = [...Array(characters.length + 1).keys()];
  if (!longest) starts.reverse();
  const start = starts.find((index) => whole.test(characters.slice(index).join('')));
  return start === undefined ? value : characters.slice(0, start).join('');
}

function glob(pattern: string, greedy: boolean): string {
  const characters = [...pattern];
  let source = '';
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === '*') source += greedy ? '.*' : '.*?';
    else if (character === '?') source += '.';
    else if (character === '\\') {
      const escaped = characters[i + 1];
      if (escaped === '}' || escaped === '/') continue;
      if (escaped !== '*' && escaped !== '?' && escaped !== '\\')
        throw new SubstitutionError(
          `invalid pattern (${pattern}) in substitution: invalid escape '\\${escaped ?? ''}'`,
        );
      source += literal(escaped);
      i++;
    } else source += literal(character);
  }
  return source;
}
