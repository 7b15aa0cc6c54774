import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import { cosign } from './cosign';

/** Who signs: whoever the identity token of a CI job says, or who has a key. */
export type Signer = { kind: 'keyless' } | { kind: 'key'; key: string };

/** `keyless`, or a key as cosign names it: a file, `env://NAME`, an address of a key service. */
export const signerOf = (said: string): Signer =>
  said === 'keyless' ? { kind: 'keyless' } : { kind: 'key', key: said };

/** A document that is signed as being about an image. */
export interface Attestation {
  /** As cosign calls its type. */
  type: 'slsaprovenance1' | 'spdxjson';
  content: string | Buffer;
}

/**
 * What cosign is told beside the key: nothing is written to a public log, and nobody is asked for the
 * keys of one. Whoever signs with a key of his own may have no way there, and need not tell the world
 * the names of his images.
 *
 * @see https://github.com/sigstore/protobuf-specs, SigningConfig and TrustedRoot
 */
const OWN_KEY_ALONE = {
  'signing-config': { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' },
  'trusted-root': { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' },
};

/**
 * Signs an image of a registry, which the documents then are about as well.
 *
 * @param image by its digest: `registry/name@sha256:…`
 * @throws StagesError `SIGNING_FAILED`
 */
export async function signImage(image: string, signer: Signer): Promise<void> {
  await withFiles(signer, [], (args) => run(['sign', ...args, image], image));
}

/**
 * Attaches signed documents to an image of a registry.
 *
 * @throws StagesError `SIGNING_FAILED`
 */
export async function attest(
  image: string,
  signer: Signer,
  attestations: readonly Attestation[],
): Promise<void> {
  await withFiles(signer, attestations, async (args, paths) => {
    for (const [index, { type }] of attestations.entries()) {
      const what = ['--type', type, '--predicate', paths[index] ?? ''];
      await run(['attest', ...args, ...what, image], image);
    }
  });
}

async function run(args: string[], image: string): Promise<void> {
  const answer = await cosign(args);
  if (answer.ok) return;
  throw new StagesError('SIGNING_FAILED', {
    message: `${image} was not signed: ${answer.why}`,
    hint: 'It is in the registry without a tag; mend that and push again',
  });
}

/** Has what cosign reads as files while it runs. */
async function withFiles(
  signer: Signer,
  documents: readonly Attestation[],
  body: (args: string[], paths: string[]) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signing-'));
  try {
    const write = async (name: string, content: string | Buffer) => {
      await writeFile(join(folder, name), content);
      return join(folder, name);
    };
    const args = ['--yes'];
    if (signer.kind === 'key') {
      args.push('--key', signer.key);
      for (const [option, content] of Object.entries(OWN_KEY_ALONE))
        args.push(`--${option}`, await write(option, JSON.stringify(content)));
    }
    const paths: string[] = [];
    for (const [index, { content }] of documents.entries())
      paths.push(await write(`document-${index}`, content));
    await body(args, paths);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
