/**
 * What a file of Cargo's index cache says: `name-version` and the checksum of its crate.
 *
 * @see rust-lang/cargo, sources/registry/index/cache.rs: a version of the format, one of the index, then
 *   pairs of a version and its JSON, each ended by a NUL
 */
export function cargoChecksums(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of bytes.toString('utf8').split('\0')) {
    if (!part.startsWith('{')) continue;
    try {
      const { name, vers, cksum } = JSON.parse(part) as Record<string, unknown>;
      if (typeof cksum === 'string') found.set(`${String(name)}-${String(vers)}`, cksum);
    } catch {
      // What cannot be read says nothing, and what is held to it is dropped.
    }
  }
  return found;
}
