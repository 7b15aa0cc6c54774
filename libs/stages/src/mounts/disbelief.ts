import type { EngineError } from '@excel2doc/engine';
import type { MountKind } from './mount-kinds';

/** What tools say of a file that is not what they asked for, in their own words: tests say much else. */
const DISBELIEF: Record<MountKind, RegExp> = {
  pip: /THESE PACKAGES DO NOT MATCH THE HASHES|Wheel '[^']*' located at .* is invalid|BadZipFile|zlib\.error|tarfile\.\w*Error/,
  npm: /EINTEGRITY|integrity checksum failed|TAR_BAD_ARCHIVE|Z_(?:BUF|DATA)_ERROR/,
  go: /^.*verifying \S+: checksum mismatch|SECURITY ERROR|zip: (?:not a valid zip file|checksum error)/m,
  other: /checksum mismatch|hash mismatch|match the hash|checksum failed/i,
};

/**
 * Whether a build failed since a tool refused what lay in its cache.
 *
 * @param kinds of the mounts that something was put into
 */
export function isDisbelief(
  { message, stderr }: Pick<EngineError, 'message' | 'stderr'>,
  kinds: readonly MountKind[],
): boolean {
  return kinds.some((kind) => DISBELIEF[kind].test(`${message}\n${stderr}`));
}
