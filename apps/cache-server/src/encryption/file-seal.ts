import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyRing } from './key-ring';

/** Content is sealed so many bytes at a time, so that a part of it can be read by itself. */
export const chunkBytes = 64 * 1024;
export const tagBytes = 16;
const saltBytes = 32;
const algorithm = 'aes-256-gcm';

/** What a nonce is for; the rest of it counts. No two messages of one file share one. */
const purposes = { content: 0, record: 1 } as const;

/** How many bytes content of that size takes once it is sealed. */
export function sealedBytes(contentBytes: number): number {
  return contentBytes + tagBytes * Math.ceil(contentBytes / chunkBytes);
}

/** Which key a file is sealed with: to be kept beside it, and no secret. */
export interface SealName {
  keyId: string;
  /** In base64url. */
  salt: string;
}

/**
 * Seals and opens one file. Each file has a key of its own, made of the operator's and a salt, so that
 * nonces may count from nought. Chunks are of their place: one that is moved does not open.
 *
 * @see NIST SP 800-38D, section 8.2.1; RFC 5869
 */
export class FileSeal {
  constructor(
    readonly name: SealName,
    readonly key: Uint8Array,
  ) {}

  static fresh(ring: KeyRing): FileSeal {
    return seal(ring.current, ring.currentId, randomBytes(saltBytes).toString('base64url'));
  }

  /** Null when the ring has no such key. */
  static of(ring: KeyRing, { keyId, salt }: SealName): FileSeal | null {
    const key = ring.get(keyId);
    return key ? seal(key, keyId, salt) : null;
  }

  sealChunk(content: Uint8Array, index: number): Buffer {
    return sealWith(this.key, nonce('content', index), content);
  }

  /** @throws when it is not what was sealed at that place */
  openChunk(sealed: Buffer, index: number): Buffer {
    return openWith(this.key, nonce('content', index), sealed);
  }

  /** `subject` is what the record is of; it opens as that and nothing else. */
  sealRecord(record: Buffer, subject: string): Buffer {
    return sealWith(this.key, nonce('record', 0), record, Buffer.from(subject));
  }

  /** @throws when it is not what was sealed for that subject */
  openRecord(sealed: Buffer, subject: string): Buffer {
    return openWith(this.key, nonce('record', 0), sealed, Buffer.from(subject));
  }
}

/** Seals what comes in parts of any size, a chunk at a time. */
export class ChunkSealer {
  readonly #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  readonly #seal: FileSeal;
  #fill = 0;
  #index = 0;

  constructor(
    seal: FileSeal,
    /** What is given to it is its own. */
    readonly take: (sealed: Buffer) => void,
  ) {
    this.#seal = seal;
  }

  write(part: Uint8Array): void {
    for (let at = 0; at < part.length;) {
      const step = Math.min(chunkBytes - this.#fill, part.length - at);
      this.#chunk.set(part.subarray(at, at + step), this.#fill);
      this.#fill += step;
      at += step;
      if (this.#fill === chunkBytes) this.#flush();
    }
  }

  end(): void {
    if (this.#fill > 0) this.#flush();
  }

  #flush(): void {
    this.take(this.#seal.sealChunk(this.#chunk.subarray(0, this.#fill), this.#index));
    this.#index += 1;
    this.#fill = 0;
  }
}

/** All of a content that is in memory, sealed. */
export function sealWhole(seal: FileSeal, content: Uint8Array): Buffer {
  const parts: Buffer[] = [];
  const sealer = new ChunkSealer(seal, (sealed) => parts.push(sealed));
  sealer.write(content);
  sealer.end();
  return Buffer.concat(parts);
}

/** @throws when any of it is not what was sealed */
export function openWhole(seal: FileSeal, sealed: Buffer): Buffer {
  const parts: Buffer[] = [];
  const step = chunkBytes + tagBytes;
  for (let at = 0; at < sealed.length; at += step)
    parts.push(seal.openChunk(sealed.subarray(at, at + step), at / step));
  return Buffer.concat(parts);
}

function seal(key: Buffer, keyId: string, salt: string): FileSeal {
  const info = 'excel2doc-cache entry 1';
  const fileKey = hkdfSync('sha256', key, Buffer.from(salt, 'base64url'), info, 32);
  return new FileSeal({ keyId, salt }, new Uint8Array(fileKey));
}

function nonce(purpose: keyof typeof purposes, index: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(purposes[purpose], 0);
  bytes.writeBigUInt64BE(BigInt(index), 4);
  return bytes;
}

function sealWith(key: Uint8Array, iv: Buffer, plain: Uint8Array, aad?: Buffer): Buffer {
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  if (aad) cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openWith(key: Uint8Array, iv: Buffer, sealed: Buffer, aad?: Buffer): Buffer {
  if (sealed.length < tagBytes) throw new Error('a sealed part is too short');
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  if (aad) decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const plain = decipher.update(sealed.subarray(0, -tagBytes));
  decipher.final();
  return plain;
}
