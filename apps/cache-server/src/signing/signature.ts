import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { CacheError } from '../error';

/** By which a signature goes along with its entry, on the way in and on the way out. */
export const signatureHeader = 'x-excel2doc-cache-signature';

/** `<key id>.<Ed25519 signature in base64url>` */
const form = /^([0-9a-f]{16})\.([A-Za-z0-9_-]{86})$/;

export function isSignature(text: string): boolean {
  return form.test(text);
}

/** What a signature is about: which task's result it is, and what it holds once unpacked. */
export interface Signed {
  hash: string;
  /** Of the archive in its plain form, unpacked: however it is packed, it stays the same. */
  contentSha256: string;
}

export interface SigningKeyPair {
  id: string;
  privatePem: string;
  publicPem: string;
}

export function newSigningKey(): SigningKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    id: idOf(publicKey),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

/** Signs what a writer uploads. */
export class Signer {
  readonly id: string;
  readonly #key: KeyObject;

  /** @throws CacheError `CONFIG_INVALID` */
  constructor(privatePem: string) {
    try {
      this.#key = createPrivateKey(privatePem);
    } catch (cause) {
      throw new CacheError('CONFIG_INVALID', { message: 'the signing key is no private key in PEM', cause }); // prettier-ignore
    }
    requireEd25519(this.#key);
    this.id = idOf(createPublicKey(this.#key));
  }

  sign(signed: Signed): string {
    return `${this.id}.${sign(null, messageOf(signed), this.#key).toString('base64url')}`;
  }
}

/** The keys whose entries a reader takes; to rotate, two are in it for a while. */
export class TrustedKeys {
  readonly #keys = new Map<string, KeyObject>();

  /** @throws CacheError `CONFIG_INVALID` when `pem` is not one public key or several */
  constructor(pem: string) {
    const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
    // A private key among them was not meant to be here, and readers could sign.
    if (blocks.length === 0 || blocks.length !== pem.match(/-----BEGIN /g)?.length)
      throw new CacheError('CONFIG_INVALID', { message: 'the trusted keys are not public keys in PEM' }); // prettier-ignore
    for (const block of blocks) {
      let key: KeyObject;
      try {
        key = createPublicKey(block);
      } catch (cause) {
        throw new CacheError('CONFIG_INVALID', { message: 'one of the trusted keys cannot be read', cause }); // prettier-ignore
      }
      requireEd25519(key);
      this.#keys.set(idOf(key), key);
    }
  }

  get ids(): string[] {
    return [...this.#keys.keys()];
  }

  /** Why the entry must not be taken, or null when one of these keys has signed just this. */
  refusal(signed: Signed, signature: string | null): string | null {
    const [, id, value] = form.exec(signature ?? '') ?? [];
    if (id === undefined || value === undefined) return 'it is not signed';
    const key = this.#keys.get(id);
    if (!key) return `it is signed with key ${id}, which is not trusted here`;
    return verify(null, messageOf(signed), key, Buffer.from(value, 'base64url'))
      ? null
      : `its signature by key ${id} is of something else`;
  }
}

/** A text for nothing else: the key signs no other kind of message by it. */
function messageOf({ hash, contentSha256 }: Signed): Buffer {
  return Buffer.from(`excel2doc-cache entry 1\n${hash}\n${contentSha256}\n`);
}

/** Of the key itself, so that no id has to be handed out, and none can be taken by another key. */
function idOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

function requireEd25519(key: KeyObject): void {
  if (key.asymmetricKeyType === 'ed25519') return;
  const message = `a key of the kind ${key.asymmetricKeyType}, where Ed25519 is meant`;
  throw new CacheError('CONFIG_INVALID', { message, hint: 'excel2doc-cache key new makes one' });
}
