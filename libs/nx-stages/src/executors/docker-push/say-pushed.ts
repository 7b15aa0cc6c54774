import type { Repository } from '@excel2doc/oci';
import { type PushedStage, pushedText } from '@excel2doc/stages';
import { sayLine } from '../report';

/** Says what was sent, and what it is called now. */
export function sayPushed(
  { name }: Pick<Repository, 'name'>,
  { digest, tags, platforms }: PushedStage,
): void {
  for (const { platform, standIn, sbom, uploadedBytes, blobs } of platforms) {
    const sent = pushedText(uploadedBytes, blobs);
    sayLine(`${platform}: ${sent}${sbom ? `, SBOM ${sbom}` : ''}`);
    if (standIn) sayLine(`${platform}: built on this machine's stand-in for its base image`);
  }
  sayLine(`${name}@${digest} as ${tags.join(', ')}`);
}
