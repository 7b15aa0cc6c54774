import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { BlobStore } from '../blob/store';
import type { Digest } from '../digest';
import { temporaryFolder } from '../testing/folder';
import { nodeWithZstd } from '../testing/newer-node';
import type { WrittenLayer } from './writer';

const BLOCK = 1 << 17;
/** The header of the entry and the end of the archive are 512 and 1024 bytes. */
const sizes = [1, 5000, BLOCK - 1536, BLOCK, 10 * BLOCK - 1536, 3_333_333];

it('a layer in zstd has the same bytes however its content comes, and gives it back', async () => {
  const folder = await temporaryFolder();
  const script = join(__dirname, '../testing/zstd-layers.ts');
  const { stdout } = await promisify(execFile)(
    nodeWithZstd(),
    ['--import', 'tsx', script, folder, ...sizes.map(String)],
    { cwd: __dirname },
  );
  type Found = WrittenLayer & { size: number; readBack: Digest };
  const found = JSON.parse(stdout) as Found[];
  for (const size of sizes) {
    const same = found.filter((layer) => layer.size === size);
    expect(new Set(same.map(({ digest }) => digest)).size).toBe(1);
    const { digest, diffId, mediaType, readBack } = same[0]!;
    expect(mediaType).toBe('application/vnd.oci.image.layer.v1.tar+zstd');
    expect(readBack).toBe(diffId);
    expect(await magicOf(new BlobStore(folder).pathOf(digest))).toBe('28b52ffd');
  }
}, 600_000);

async function magicOf(path: string): Promise<string> {
  const handle = await open(path);
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  await handle.close();
  return buffer.toString('hex');
}
