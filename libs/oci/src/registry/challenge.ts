/** What a registry asks for in `WWW-Authenticate`. */
export interface Challenge {
  scheme: 'basic' | 'bearer';
  parameters: Record<string, string>;
}

/** @see RFC 9110, 11.6.1: only the first Basic or Bearer challenge is taken */
export function parseChallenge(header: string): Challenge | null {
  const match = /\b(basic|bearer)\s+(.*)/is.exec(header);
  if (!match) return null;
  const parameters: Record<string, string> = {};
  for (const [, key, quoted, plain] of match[2]!.matchAll(
    /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g,
  )) {
    parameters[key!.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain!;
  }
  return { scheme: match[1]!.toLowerCase() as Challenge['scheme'], parameters };
}
