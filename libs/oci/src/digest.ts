import { createHash } from 'node:crypto';

declare const digestBrand: unique symbol;

/**
 * `sha256:` and 64 hexadecimal digits. No other algorithm is accepted.
 *
 * @see OCI image-spec v1.1, descriptor.md#digests
 */
export type Digest = string & { readonly [digestBrand]: true };

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && PATTERN.test(text);
}

export function digestOf(bytes: string | NodeJS.ArrayBufferView): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** Hashes and counts what passes. */
export class Hasher {
  private readonly hash = createHash('sha256');
  sizeBytes = 0;

  update(bytes: NodeJS.ArrayBufferView): this {
    this.hash.update(bytes);
    this.sizeBytes += bytes.byteLength;
    return this;
  }

  /** Can be asked for once. */
  digest(): Digest {
    return `sha256:${this.hash.digest('hex')}` as Digest;
  }
}
