import { createHash } from 'node:crypto';
import { linkSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFooter } from '../src/entry/footer';
import { nxArchive } from './archive';

/**
 * Puts entries of main in place as the disk store would, without going through a server: a hundred
 * archives, each under many names.
 *
 * @returns the names
 */
export async function storeMany(directory: string, count: number): Promise<string[]> {
  const names: string[] = [];
  for (let shard = 0; shard < 100; shard += 1) {
    const end = String(shard).padStart(2, '0');
    const archive = await nxArchive({ 'dist/a': `of ${end}` });
    const record = {
      sizeBytes: archive.length,
      sha256: createHash('sha256').update(archive).digest('hex'),
      createdAtMs: Date.now(),
      writer: 'main',
      outputs: ['dist/a'],
    };
    const footer = encodeFooter(record, { scope: 'main', hash: 'any' }, null);
    const folder = join(directory, 'entries/main', end);
    await mkdir(folder, { recursive: true });
    const first = join(folder, `0${end}`);
    await writeFile(first, Buffer.concat([archive, footer]));
    names.push(`0${end}`);
    for (let at = 1; at < count / 100; at += 1) {
      linkSync(first, join(folder, `${at}${end}`));
      names.push(`${at}${end}`);
    }
  }
  return names;
}

/** The file of an entry of main. */
export function fileOf(directory: string, hash: string): string {
  return join(directory, 'entries/main', hash.slice(-2), hash);
}

/** The names of main's entries that lie there. */
export function namesOn(directory: string): Set<string> {
  const main = join(directory, 'entries/main');
  return new Set(readdirSync(main).flatMap((shard) => readdirSync(join(main, shard))));
}
