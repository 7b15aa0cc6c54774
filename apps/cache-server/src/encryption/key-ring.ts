import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CacheError } from '../error';

const keyBytes = 32;
/** So that a key is seen for what it is wherever it turns up. */
const form = /^e2dk_([A-Za-z0-9_-]{43})$/;

export interface KeySource {
  /** Absolute. */
  file?: string | undefined;
  /** The key itself, as `${NAME}` takes it from the environment. */
  text?: string | undefined;
}

/** A new key to encrypt with, as a line of text, and its id. */
export function newStoreKey(): { id: string; text: string } {
  const key = randomBytes(keyBytes);
  return { id: idOf(key), text: `e2dk_${key.toString('base64url')}` };
}

/**
 * The operator's keys: the first one encrypts, all of them decrypt. An id comes from the key itself,
 * so that a wrong key is another id and never a wrong answer.
 */
export class KeyRing {
  readonly currentId: string;
  readonly #keys = new Map<string, Buffer>();

  constructor(keys: readonly Buffer[]) {
    for (const key of keys) this.#keys.set(idOf(key), key);
    this.currentId = [...this.#keys.keys()][0]!;
  }

  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  get current(): Buffer {
    return this.#keys.get(this.currentId)!;
  }

  get(id: string): Buffer | undefined {
    return this.#keys.get(id);
  }
}

/**
 * Reads the keys of a configuration; null when it has none.
 *
 * @throws CacheError `CONFIG_INVALID` saying which key, and never what is in it
 */
export function readKeyRing(sources: readonly KeySource[]): KeyRing | null {
  const keys = sources.map((source, at) => readKey(source, `encryption.keys[${at}]`));
  return keys.length === 0 ? null : new KeyRing(keys);
}

function readKey({ file, text }: KeySource, where: string): Buffer {
  const hint = 'excel2doc-cache key new --encryption --out FILE makes one';
  if ((file === undefined) === (text === undefined))
    throw new CacheError('CONFIG_INVALID', { message: `${where}: write either file or text`, hint }); // prettier-ignore
  const found = form.exec((text ?? readText(file!, where)).trim());
  const key = Buffer.from(found?.[1] ?? '', 'base64url');
  if (key.length === keyBytes) return key;
  const what = file === undefined ? 'its text' : file;
  throw new CacheError('CONFIG_INVALID', { message: `${where}: ${what} is no key to encrypt with`, hint }); // prettier-ignore
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CacheError('CONFIG_INVALID', { message: `${where}: cannot read ${path}`, cause });
  }
}

function idOf(key: Buffer): string {
  return createHash('sha256').update('excel2doc-cache key id\n').update(key).digest('hex').slice(0, 16); // prettier-ignore
}
