import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSignature, newSigningKey, Signer, TrustedKeys } from './signature';

const [main, next, stranger] = [newSigningKey(), newSigningKey(), newSigningKey()];
const signed = { hash: '12345', contentSha256: 'a'.repeat(64) };

describe('a signature', () => {
  it('holds for what was signed, and for nothing that differs in one character', () => {
    const trusted = new TrustedKeys(main.publicPem);
    const signature = new Signer(main.privatePem).sign(signed);
    expect(isSignature(signature)).toBe(true);
    expect(trusted.refusal(signed, signature)).toBeNull();
    expect(trusted.refusal({ ...signed, hash: '12346' }, signature)).toMatch(/of something else/);
    const other = { ...signed, contentSha256: 'b'.repeat(64) };
    expect(trusted.refusal(other, signature)).toMatch(/of something else/);
    fc.assert(
      fc.property(
        fc.nat(signature.length - 1),
        fc.constantFrom(...'0aZ_-.=\n'),
        (at, character) => {
          const changed = signature.slice(0, at) + character + signature.slice(at + 1);
          const isSame = changed === signature;
          // Base64 has bits to spare in its last character, which say nothing.
          const [left, right] = [signature, changed].map((text) =>
            text.replace('.', '').slice(0, -1),
          );
          if (!isSame && left !== right) expect(trusted.refusal(signed, changed)).not.toBeNull();
        },
      ),
    );
  });

  it('is taken of each trusted key, so that one can follow another', () => {
    const both = new TrustedKeys(main.publicPem + next.publicPem);
    expect(both.ids).toEqual([main.id, next.id]);
    for (const { privatePem } of [main, next])
      expect(both.refusal(signed, new Signer(privatePem).sign(signed))).toBeNull();
    const foreign = new Signer(stranger.privatePem).sign(signed);
    expect(both.refusal(signed, foreign)).toContain(`key ${stranger.id}, which is not trusted`);
    // Its key, under the name of one that is trusted.
    expect(both.refusal(signed, foreign.replace(stranger.id, main.id))).toMatch(/something else/);
    expect(both.refusal(signed, null)).toBe('it is not signed');
  });

  it('takes no key of another kind, and no private key where public ones are meant', () => {
    const rsa = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    expect(() => new Signer(rsa.privateKey)).toThrow(/rsa, where Ed25519/);
    expect(() => new TrustedKeys(rsa.publicKey)).toThrow(/rsa, where Ed25519/);
    for (const text of ['', 'nonsense', main.privatePem, main.publicPem + main.privatePem])
      expect(() => new TrustedKeys(text)).toThrow(/not public keys/);
    expect(() => new Signer(main.publicPem)).toThrow(/no private key/);
  });
});
