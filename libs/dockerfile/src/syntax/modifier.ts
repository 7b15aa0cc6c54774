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
  const source = glob(pattern, true);
  if (!all) return value.replace(new RegExp(source, 'u'), () => replacement);
  // BuildKit hands a replacement of all matches to Go's regexp, where $0 is the match and $1 a group,
  // of which there is none; an empty match right behind another is none.
  let end = 0;
  return value.replace(new RegExp(source, 'gu'), (match, at: number) => {
    if (match === '' && at > 0 && at === end) return '';
    end = at + match.length;
    return replacement.replace(
      /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu,
      (all, ...names) => (all === '$$' ? '$' : (names[0] ?? names[1]) === '0' ? match : ''),
    );
  });
}

/** `${name#pattern}` and its like: what a pattern matches at the start or the end is cut off. */
export function trimMatch(
  value: string,
  pattern: string,
  side: '#' | '%',
  longest: boolean,
): string {
  if (side === '#') return value.replace(new RegExp(`^${glob(pattern, longest)}`, 'u'), '');
  // BuildKit looks for the end in what is written backwards, which is not always the shortest.
  const source = glob(backwards(pattern, true), longest);
  const cut = backwards(value, false).replace(new RegExp(`^${source}`, 'u'), '');
  return backwards(cut, false);
}

function backwards(text: string, isPattern: boolean): string {
  const parts = isPattern ? text.match(/\\[^]|[^]/gu) : [...text];
  return (parts ?? []).reverse().join('');
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
