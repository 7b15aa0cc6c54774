import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyRing } from './key-ring';

const nonceBytes = 12;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';
const form = /^([0-9a-f]{16}) ([A-Za-z0-9_-]+)$/;

/** Seals lines of text, each by itself: `<key id> <nonce, text and tag in base64url>`. */
export class LineSeal {
  readonly #keys = new Map<string, Uint8Array>();

  constructor(readonly ring: KeyRing) {
    for (const id of ring.ids) this.#keys.set(id, lineKey(ring.get(id)!));
  }

  seal(line: string): string {
    const id = this.ring.currentId;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#keys.get(id)!, nonce);
    const parts = [nonce, cipher.update(line, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${id} ${Buffer.concat(parts).toString('base64url')}`;
  }

  /** Null when it is not sealed, when its key is none of ours, or when it was changed. */
  open(sealed: string): string | null {
    const [, id = '', text = ''] = form.exec(sealed) ?? [];
    const key = this.#keys.get(id);
    const bytes = Buffer.from(text, 'base64url');
    if (!key || bytes.length < nonceBytes + tagBytes) return null;
    try {
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      const line = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([line, decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
  }
}

function lineKey(key: Buffer): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', 'excel2doc-cache journal 1', 32));
}
