// Go's unicode.IsSpace and JavaScript's \s differ (U+0085 and U+FEFF), and BuildKit splits by Go's.
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const leading = new RegExp(`^${space.source}+`);
const trailing = new RegExp(`${space.source}+$`);

export function isSpace(character: string): boolean {
  return space.test(character);
}

export function trimStart(text: string): string {
  return text.replace(leading, '');
}

export function trimSpace(text: string): string {
  return trimStart(text).replace(trailing, '');
}
