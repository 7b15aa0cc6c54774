import { randomBytes } from 'node:crypto';
import { parseEnv } from 'node:util';
import { demandedVariables } from '@excel2doc/stages';
import { isSecretName } from '../preflight/secret-name';

/** A file with values, made complete. */
export interface Completed {
  text: string;
  /** Names that got a value: given, or a fresh secret. */
  added: string[];
  /** What a person has to say, with what the Compose files say of it. */
  open: { name: string; message: string }[];
}

/**
 * Adds to a file with values what the Compose files ask for and it does not have: a secret is made
 * (its name tells), anything else is taken from `given` or left open. What is there is never changed:
 * a database keeps the password that its volume was made with.
 *
 * @param compose the texts of the Compose files
 * @param before of the file; empty where there is none
 */
export function completeValues(
  compose: readonly string[],
  before: string,
  given: Readonly<Record<string, string>>,
): Completed {
  const has = parseEnv(before);
  const wanted = new Map(
    compose.flatMap(demandedVariables).map(({ name, message }) => [name, message]),
  );
  // A secret that may be missing, such as a profile's: better there than forgotten.
  for (const name of compose.flatMap(readVariables))
    if (isSecretName(name) && !wanted.has(name)) wanted.set(name, '');
  for (const name of Object.keys(given)) if (!wanted.has(name)) wanted.set(name, '');
  const [lines, added, open]: [string[], string[], Completed['open']] = [[], [], []];
  for (const [name, message] of wanted) {
    if (has[name]) continue;
    // Hex: it stands in URLs, where other letters would need escaping.
    const value = given[name] ?? (isSecretName(name) ? randomBytes(24).toString('hex') : undefined);
    if (value === undefined) open.push({ name, message });
    else {
      lines.push(`${name}=${value}`);
      added.push(name);
    }
  }
  const kept = before === '' || before.endsWith('\n') ? before : `${before}\n`;
  return { text: kept + lines.map((line) => `${line}\n`).join(''), added, open };
}

/** Every variable that a Compose file reads. */
function readVariables(compose: string): string[] {
  const uncommented = compose.replace(/^\s*#.*$/gm, '');
  return [...uncommented.matchAll(/(?<!\$)\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
}
