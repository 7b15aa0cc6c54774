import { CacheError } from '../error';

/** Throws what makes an upload be answered with 403, and a download be a miss. */
export function refuse(what: string, where?: string): never {
  // A name can be long, and is for a log line.
  const place = where === undefined ? '' : `: ${JSON.stringify(where.slice(0, 120)).slice(1, -1)}`;
  throw new CacheError('ARCHIVE_REFUSED', { message: `the archive holds ${what}${place}` });
}
