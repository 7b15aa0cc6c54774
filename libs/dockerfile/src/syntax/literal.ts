/** A character for a regular expression, in which it stands for itself. */
export function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&');
}
