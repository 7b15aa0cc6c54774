import type { IncomingHttpHeaders } from 'node:http';
import { hasZstd, type Packing } from '../archive/packing';

/**
 * In what HTTP's words an archive goes as zstd: as a tar in a content coding. A gzip is the thing itself
 * to Nx, so nobody gets, or is taken to send, a tar who has not said so.
 *
 * @see RFC 9110, sections 8.4, 12.5.1 and 12.5.3; RFC 8878
 */
const tarType = 'application/x-tar';
const coding = 'zstd';

/** Of a body that is packed so. */
export const zstdBody = { 'content-type': tarType, 'content-encoding': coding };

/** Of a request, where its sender can read the answer. */
export function zstdAskedOf(canRead: boolean): Record<string, string> {
  return canRead
    ? { accept: `${tarType}, application/octet-stream`, 'accept-encoding': coding }
    : {};
}

/** Of a request of this Node's. */
export const zstdAsked = zstdAskedOf(hasZstd);

/** Of an answer: that bodies may come so. */
export const zstdOffered: Record<string, string> = hasZstd ? { 'accept-encoding': coding } : {};

/** How a body is packed; null when it is in a coding that is not for us. */
export function packingOf(headers: IncomingHttpHeaders): Packing | null {
  const given = headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (given === '' || given === 'identity') return 'gzip';
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  return given === coding && type.trim().toLowerCase() === tarType ? 'zstd' : null;
}

/** Whether who asks takes an archive as zstd. */
export function asksForZstd(headers: IncomingHttpHeaders): boolean {
  return names(headers.accept, tarType) && offersZstd(headers);
}

/** Whether who answers takes bodies as zstd. */
export function offersZstd(headers: IncomingHttpHeaders): boolean {
  return names(headers['accept-encoding'], coding);
}

/** Whether a list of words names this one, and not with `q=0`. */
function names(list: string | string[] | undefined, word: string): boolean {
  return String(list ?? '')
    .toLowerCase()
    .split(',')
    .some((item) => {
      const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
      return name === word && !parameters.some((part) => /^q=0(\.0*)?$/.test(part));
    });
}
