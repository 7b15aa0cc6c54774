import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { BlobStore } from '../blob/store';
import { decompressed } from '../layer/compression';
import { normaliseLayer } from '../layer/normalise';
import { encodeHeader, END_OF_ARCHIVE } from '../tar/header';

/**
 * Run as a process of its own: normalises one layer of a large file, and prints the peak memory.
 * Arguments: folder, size in bytes, `sorted` or `shuffled`.
 */
async function main(folder: string, sizeBytes: number, order: string) {
  const store = new BlobStore(folder);
  const piece = Buffer.from(Array.from({ length: 1 << 18 }, (_, at) => (at * at) % 251));
  function* tar() {
    const entry = { type: 'file' as const, mode: 0o644, uid: 0, gid: 0, mtimeS: 0 };
    const last = { ...entry, path: order === 'sorted' ? 'z' : 'a', sizeBytes: 0 };
    yield encodeHeader({ ...entry, path: 'big', sizeBytes });
    for (let left = sizeBytes; left > 0; left -= piece.length) yield piece;
    yield encodeHeader(last);
    yield END_OF_ARCHIVE;
  }
  const gzip = createGzip({ level: 1 });
  const { digest } = await store.put(Readable.from(tar()).pipe(gzip));
  const openTar = async () => decompressed(await store.open(digest), 'a.tar+gzip');
  const layer = await normaliseLayer(openTar, {
    store,
    position: { by: 'stage', below: 0 },
    compression: 'gzip',
  });
  const maxRssBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ maxRssBytes, ...layer }));
}

void main(process.argv[2]!, Number(process.argv[3]), process.argv[4]!);
