/** Has a wildcard in Go's sense: `*`, `?` or `[` without a backslash before it. */
export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern.replaceAll(/\\./gs, ''));
}

/**
 * Go's filepath.Match as a regular expression: `*` and `?` stop at a slash, `[a-z]` and `[^a-z]`
 * are classes, a backslash takes the next character as it is. There is no `**`.
 *
 * @returns null where Go calls the pattern malformed
 */
export function matcher(pattern: string): RegExp | null {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '\\') {
      if (++at === pattern.length) return null;
      source += literal(pattern[at]!);
    } else if (character === '[') {
      const end = classEnd(pattern, at);
      if (end < 0) return null;
      source += classSource(pattern.slice(at + 1, end));
      at = end;
    } else source += literal(character);
  }
  return new RegExp(`^${source}$`, 's');
}

function classEnd(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === '^') at++;
  const first = at;
  for (; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']') return at > first ? at : -1;
  }
  return -1;
}

function classSource(body: string): string {
  const negated = body.startsWith('^');
  const members = (negated ? body.slice(1) : body).replaceAll(/\\?([\s\S])/g, (_all, member) =>
    member === '-' && !_all.startsWith('\\') ? '-' : literal(member as string),
  );
  return `(?!/)[${negated ? '^' : ''}${members}]`;
}

function literal(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? `\\${character}` : character;
}
