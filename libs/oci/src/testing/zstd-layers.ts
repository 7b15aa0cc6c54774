import { createHash } from 'node:crypto';
import { BlobStore } from '../blob/store';
import { decompressed } from '../layer/compression';
import { LayerWriter } from '../layer/writer';
import { file, streamOf } from './trees';

/** A block of zstd is 128 KiB: lengths around it are where an end could come out differently. */
const BLOCK = 1 << 17;

/**
 * Run by a Node that has zstd: writes one content in pieces of several lengths, and reads it back.
 * Arguments: folder, then the content's sizes in bytes. Prints what came out as JSON.
 */
async function main([folder, ...sizes]: string[]): Promise<void> {
  const store = new BlobStore(folder!);
  const found = [];
  for (const size of sizes.map(Number)) {
    const content = Buffer.from(Array.from({ length: size }, (_, at) => (at * at * 31) % 251));
    for (const pieceBytes of [1000, BLOCK, 300_000, size]) {
      const writer = await LayerWriter.start(store, 'zstd');
      const { entry } = file('content', content);
      await writer.add(entry, streamOf(content, pieceBytes));
      const layer = await writer.finish();
      const hash = createHash('sha256');
      for await (const part of decompressed(await store.open(layer.digest), layer.mediaType))
        hash.update(part as Buffer);
      found.push({ ...layer, size, readBack: `sha256:${hash.digest('hex')}` });
    }
  }
  process.stdout.write(JSON.stringify(found));
}

void main(process.argv.slice(2));
