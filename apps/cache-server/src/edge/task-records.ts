import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Of larger ones nothing is read: it would take longer than the download. */
const maxBytes = 64 * 1024 * 1024;
/** A record's texts: hash, project, target, configuration. */
const recordBytes = 2_048;

/**
 * What Nx's own database has behind a hash: `<hash><project><target>…`. Nx writes the record down
 * before it asks for the entry; SQLite keeps a row's texts one behind the other, in the file or in
 * its log, so that no driver is needed to find it. Empty when there is none.
 *
 * @see nrwl/nx, packages/nx/src/native/tasks/details.rs; SQLite's "Record Format"
 */
export async function recordsOf(hash: string, folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const records: string[] = [];
  for (const name of names.filter((name) => /\.db(-wal)?$/.test(name))) {
    const file = join(folder, name);
    const sizeBytes = await stat(file).then(({ size }) => size, () => Infinity); // prettier-ignore
    if (sizeBytes > maxBytes) continue;
    const data = await readFile(file).catch(() => Buffer.alloc(0));
    for (let at = data.indexOf(hash); at !== -1; at = data.indexOf(hash, at + 1))
      records.push(data.toString('utf8', at + hash.length, at + hash.length + recordBytes));
  }
  return records;
}
