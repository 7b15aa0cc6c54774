import { readFile } from 'node:fs/promises';
import { CacheError } from '../error';

/**
 * A key as the environment gives it: its PEM, as CI's secrets are, or the path of a file. Null when
 * there is none.
 *
 * @throws CacheError `CONFIG_INVALID` naming the variable, and never what is in it
 */
export async function keyText(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): Promise<string | null> {
  const value = environment[name];
  if (!value) return null;
  if (value.includes('-----BEGIN ')) return value;
  return readFile(value, 'utf8').catch((cause: Error) => {
    throw new CacheError('CONFIG_INVALID', {
      message: `${name} is neither a key in PEM nor a file that can be read`,
      cause,
    });
  });
}
