import { linkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeFooter } from '../src/store/disk-format';

/** Puts entries of main in place as the disk store would, without going through a server. */
export async function storeMany(directory: string, count: number): Promise<void> {
  const record = {
    sizeBytes: 1,
    sha256: 'x',
    createdAtMs: Date.now(),
    writer: 'main',
    outputs: [],
  };
  const footer = encodeFooter(record, { scope: 'main', hash: 'any' }, null);
  const file = Buffer.concat([Buffer.from('x'), footer]);
  for (let shard = 0; shard < 100; shard += 1) {
    const name = String(shard).padStart(2, '0');
    const folder = join(directory, 'entries/main', name);
    await mkdir(folder, { recursive: true });
    const first = join(folder, `0${name}`);
    await writeFile(first, file);
    for (let at = 1; at < count / 100; at += 1) linkSync(first, join(folder, `${at}${name}`));
  }
}
