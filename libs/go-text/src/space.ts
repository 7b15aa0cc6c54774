// Go's unicode.IsSpace and JavaScript's \s differ (U+0085 and U+FEFF), and BuildKit splits by Go's.
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const leading = new RegExp(`^${space.source}+`);

export function isSpace(character: string): boolean {
  return space.test(character);
}

export function trimStart(text: string): string {
  return text.replace(leading, '');
}

export function trimSpace(text: string): string {
  const start = trimStart(text);
  // A pattern for its end would be tried at every blank of a long text.
  let end = start.length;
  while (end > 0 && isSpace(start[end - 1]!)) end--;
  return start.slice(0, end);
}
