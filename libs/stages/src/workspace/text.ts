/** `${NAME:?message}` and `${NAME?message}` of a Compose file: what must be set. */
export function demandedVariables(compose: string): { name: string; message: string }[] {
  const found = new Map<string, string>();
  const uncommented = compose.replace(/^\s*#.*$/gm, '');
  for (const [, name = '', message = ''] of uncommented.matchAll(/(?<!\$)\$\{(\w+):?\?([^}]*)\}/g))
    if (!found.has(name)) found.set(name, message);
  return [...found].map(([name, message]) => ({ name, message }));
}
