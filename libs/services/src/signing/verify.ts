import { Repository } from '@excel2doc/oci';
import { StagesError } from '@excel2doc/stages';
import { cosign } from './cosign';

/** Whose signature counts. */
export type Trusted =
  | { kind: 'key'; key: string }
  | {
      kind: 'identity';
      /** Of the certificate: a workflow's address, an e-mail address. */
      identity: string;
      /** Who vouches for the identity. */
      issuer: string;
    };

export interface VerifyOptions {
  verifyKey?: string;
  verifyIdentity?: string;
  verifyIssuer?: string;
}

/** @throws StagesError `OPTION_REFUSED` where it is not clear whose signature is meant */
export function trustedOf(options: VerifyOptions): Trusted | undefined {
  const { verifyKey: key, verifyIdentity: identity, verifyIssuer: issuer } = options;
  if (key === undefined && identity === undefined && issuer === undefined) return undefined;
  if (key !== undefined && identity === undefined && issuer === undefined)
    return { kind: 'key', key };
  if (key === undefined && identity !== undefined && issuer !== undefined)
    return { kind: 'identity', identity, issuer };
  throw new StagesError('OPTION_REFUSED', {
    message: 'It is not clear whose signature the image has to have',
    hint: 'Give --verifyKey alone, or --verifyIdentity and --verifyIssuer together',
  });
}

/**
 * The image with the digest that its name has in the registry now, once it is known that the trusted
 * one has signed that digest and a provenance of it. What is deployed by it is what was verified.
 *
 * @param image `registry/name:tag`
 * @throws StagesError `SIGNATURE_REFUSED`, `SIGNING_FAILED` where there is no cosign
 */
export async function verifiedImage(image: string, trusted: Trusted): Promise<string> {
  const at = image.lastIndexOf(':');
  const [name, tag] = [image.slice(0, at), image.slice(at + 1)];
  const digest = await digestOf(name, tag);
  if (digest === null) {
    throw new StagesError('SIGNATURE_REFUSED', {
      message: `${image} is not in its registry, so nobody can have signed it; nothing was deployed`,
      hint: 'Push it first, signed: docker-push --sign',
    });
  }
  const who = whoSigns(trusted);
  await demand(['verify', ...who], `${name}@${digest}`, trusted, 'is not signed');
  const provenance = ['verify-attestation', '--type', 'slsaprovenance1', ...who];
  await demand(provenance, `${name}@${digest}`, trusted, 'has no provenance that is signed');
  return `${image}@${digest}`;
}

async function digestOf(name: string, tag: string): Promise<string | null> {
  const repository = new Repository(name);
  try {
    return await repository.resolve(tag);
  } finally {
    await repository.close();
  }
}

function whoSigns(trusted: Trusted): string[] {
  // A signature with a key stands in no public log. @see signer.ts
  if (trusted.kind === 'key') return ['--key', trusted.key, '--insecure-ignore-tlog=true'];
  const { identity, issuer } = trusted;
  return ['--certificate-identity', identity, '--certificate-oidc-issuer', issuer];
}

async function demand(
  args: string[],
  image: string,
  trusted: Trusted,
  what: string,
): Promise<void> {
  const answer = await cosign([...args, image]);
  if (answer.ok) return;
  const by = trusted.kind === 'key' ? `the key ${trusted.key}` : trusted.identity;
  throw new StagesError('SIGNATURE_REFUSED', {
    message: `${image} ${what} by ${by} (cosign: ${answer.why}); nothing was deployed`,
    hint: 'Deploy an image that CI pushed with --sign, or name the key that signs it',
  });
}
