import { Readable } from 'node:stream';
import { BlobStore } from '../blob/store';
import { splitLayer } from '../package-layers/split-layer';
import type { TarEntry } from '../tar/entry';
import { encodeHeader, END_OF_ARCHIVE, padding } from '../tar/header';
import { orderKey } from '../layer/order';

const SITE = 'opt/venv/lib/python3.12/site-packages';

/**
 * Run as a process of its own: splits a venv with one package of `largeBytes` and small ones of
 * 200 KB, and prints its layers and the peak memory. Arguments: folder, largeBytes, how many small.
 */
async function main(folder: string, largeBytes: number, count: number) {
  const store = new BlobStore(folder, { durable: false });
  const files = [{ path: `${SITE}/large/lib.so`, sizeBytes: largeBytes, seed: 1 }];
  for (let at = 0; at < count; at++)
    files.push({ path: `${SITE}/small${at}/data.bin`, sizeBytes: 200_000, seed: at + 2 });
  const entries: { entry: TarEntry; content: () => Iterable<Buffer> }[] = [];
  const entry = { mode: 0o644, uid: 0, gid: 0, mtimeS: 0, sizeBytes: 0 };
  const folders = new Set<string>();
  const add = (path: string, sizeBytes: number, content: () => Iterable<Buffer>) => {
    for (let at = path; at.includes('/');) folders.add((at = at.slice(0, at.lastIndexOf('/'))));
    entries.push({ entry: { ...entry, path, type: 'file', sizeBytes }, content });
  };
  for (const { path, sizeBytes, seed } of files) {
    const name = path.split('/').at(-2)!;
    const record = Buffer.from(`${name}/${path.split('/').at(-1)!},,\n`);
    add(`${SITE}/${name}-1.0.dist-info/RECORD`, record.length, () => [record]);
    add(path, sizeBytes, () => noise(sizeBytes, seed));
  }
  for (const path of folders)
    entries.push({ entry: { ...entry, path, type: 'directory', mode: 0o755 }, content: () => [] });
  const key = (item: (typeof entries)[number]) => orderKey(item.entry.path);
  entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  function* tar() {
    for (const { entry, content } of entries) {
      yield encodeHeader(entry);
      yield* content();
      yield padding(entry.sizeBytes);
    }
    yield END_OF_ARCHIVE;
  }
  const openTar = async () => Readable.from(tar(), { objectMode: false });
  const layers = await splitLayer(openTar, {
    store,
    position: { by: 'stage', below: 0 },
    compression: 'gzip',
  });
  const maxRssBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ maxRssBytes, layers }));
}

/** What does not compress, the same every time. */
function* noise(sizeBytes: number, seed: number): Generator<Buffer> {
  const piece = Buffer.alloc(1 << 16);
  let state = seed * 2654435761;
  for (let left = sizeBytes; left > 0; left -= piece.length) {
    for (let at = 0; at < piece.length; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      piece.writeUInt32LE((state ^ (state >>> 15)) >>> 0, at);
    }
    yield Buffer.from(piece.subarray(0, Math.min(left, piece.length)));
  }
}

void main(process.argv[2]!, Number(process.argv[3]), Number(process.argv[4]));
