import { createHash } from 'node:crypto';
import { readZip } from './zip';

const RECORD = /^[^/]+\.dist-info\/RECORD$/;
/** A RECORD is a line a file. */
const MOST_BYTES = 64 << 20;

/**
 * What a wheel's RECORD says otherwise than its files.
 *
 * @param digests of each file by its path from the wheel's root, SHA-256 in base64url; undefined for one
 *   that is there and was not read
 * @see PyPA specifications, "Recording installed projects" and "Binary distribution format"
 */
export function recordProblem(
  record: string,
  digests: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const said = new Map<string, string>();
  for (const line of record.split(/\r?\n/).filter(Boolean)) {
    const [, quoted, plain = '', hash = ''] =
      /^(?:"((?:[^"]|"")*)"|([^,]*)),([^,]*),[^,]*$/.exec(line) ?? [];
    said.set(quoted?.replaceAll('""', '"') ?? plain, hash);
  }
  for (const [path, digest] of digests) {
    if (/\.dist-info\/RECORD(?:\.jws|\.p7s)?$/.test(path)) continue;
    const hash = said.get(path);
    if (hash === undefined) return `${path} is not in its RECORD`;
    if (digest !== undefined && hash !== `sha256=${digest}`)
      return `${path} is another than its RECORD says`;
  }
  for (const path of said.keys()) if (!digests.has(path)) return `${path} is not in it`;
  return undefined;
}

/** The same for a wheel as it was fetched or built. */
export async function zipRecordProblem(path: string): Promise<string | undefined> {
  const digests = new Map<string, string>();
  let record: string | undefined;
  for await (const { name, sizeBytes, content } of readZip(path)) {
    if (name.endsWith('/')) continue;
    const isRecord = RECORD.test(name);
    if (isRecord && sizeBytes > MOST_BYTES) return 'its RECORD is too long';
    const hash = createHash('sha256');
    const parts: Buffer[] = [];
    for await (const chunk of content()) {
      hash.update(chunk);
      if (isRecord) parts.push(chunk);
    }
    if (isRecord) record = Buffer.concat(parts).toString('utf8');
    digests.set(name, hash.digest('base64url'));
  }
  return record === undefined ? 'it has no RECORD' : recordProblem(record, digests);
}
