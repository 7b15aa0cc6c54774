const LONGEST = 400;

/**
 * The first line of a text that somebody else wrote part of, as it may stand in the log of a CI: no control
 * character, and nothing that a runner takes for a command (`##vso[…]`, or `::set-output` in a line of its
 * own).
 */
export function plainLine(text: string): string {
  const [line = ''] = text.split('\n');
  const plain = line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]|##/gu, '?');
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
}
