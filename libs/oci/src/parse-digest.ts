import { type Digest, isDigest } from './digest';
import { OciError } from './error';

/** @throws OciError `BAD_DIGEST` */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new OciError('BAD_DIGEST', {
    message: `not a sha256 digest: ${text}`,
    hint: 'a digest is sha256: and 64 hexadecimal digits',
  });
}
