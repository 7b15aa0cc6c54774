import type { Repository } from '@excel2doc/oci';
import { type PushedPart, type PushedStage, pushedText } from '@excel2doc/stages';
import { sayLine } from '../report';

/** Says what was sent, and what it is called now. */
export function sayPushed(
  { name }: Pick<Repository, 'name'>,
  { digest, tags, platforms }: PushedStage,
  wasSentHere = true,
): void {
  if (wasSentHere) platforms.forEach(sayPart);
  else sayLine(`joined: ${platforms.map(({ platform }) => platform).join(', ')}`);
  sayLine(`${name}@${digest} as ${tags.join(', ')}`);
}

/** Says what was sent of one platform. */
export function sayPart({ platform, standIn, sbom, uploadedBytes, blobs }: PushedPart): void {
  const sent = pushedText(uploadedBytes, blobs);
  sayLine(`${platform}: ${sent}${sbom ? `, SBOM ${sbom}` : ''}`);
  if (standIn) sayLine(`${platform}: built on this machine's stand-in for its base image`);
}
