import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { missing, verifying } from '../blob/verify';
import { piped } from '../blob/piped';
import { type Digest, digestOf } from '../digest';
import { encodeHeader, END_OF_ARCHIVE, padding } from '../tar/header';
import { readTar } from '../tar/read';

/**
 * The name that a layer has in Nx's remote cache. Nx's own are numbers, so that no task ever has it.
 *
 * @returns `sha256-<hex>`
 */
export function entryNameOf(digest: Digest): string {
  return digest.replace(':', '-');
}

/**
 * A layer as an entry of Nx's remote cache: the archive of a task that went well and has one output,
 * so that any server that takes Nx's takes it. It is packed already, and is not packed again.
 */
export function packEntry(digest: Digest, sizeBytes: number, content: Readable): Readable {
  return piped(Readable.from(tarOf(digest, sizeBytes, content)), createGzip({ level: 0 }));
}

async function* tarOf(digest: Digest, sizeBytes: number, content: Readable) {
  const said = Buffer.from(`layer ${digest}\n`);
  yield* file('code', 4);
  yield Buffer.alloc(4);
  yield padding(4);
  yield* file('terminalOutput', said.length);
  yield said;
  yield padding(said.length);
  yield* file(pathOf(digest), sizeBytes);
  yield* content as AsyncIterable<Buffer>;
  yield padding(sizeBytes);
  yield END_OF_ARCHIVE;
}

function* file(path: string, sizeBytes: number): Generator<Buffer> {
  yield encodeHeader({
    path,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeS: 0,
    sizeBytes,
  });
}

/** Where the layer is in its entry: what a cache's page shows of it. */
function pathOf(digest: Digest): string {
  return `layers/${entryNameOf(digest)}`;
}

/**
 * The layer of an entry. It ends only where it is the layer: whoever wrote the entry.
 *
 * @param place shown in messages
 * @throws OciError, as the stream's error: `BLOB_MISSING` for an entry of something else,
 *   `BLOB_DAMAGED`, `TAR_DAMAGED`; zlib's own error where it is no whole gzip
 */
export function unpackEntry(digest: Digest, archive: Readable, place: string): Readable {
  return piped(unpackNamed(digest, archive, place), verifying(digest, place));
}

/**
 * The same without looking at what it is.
 *
 * @throws OciError, as the stream's error: `BLOB_MISSING` for an entry of something else,
 *   `TAR_DAMAGED`; zlib's own error where it is no whole gzip
 */
export function unpackNamed(digest: Digest, archive: Readable, place: string): Readable {
  const tar = piped(archive, createGunzip());
  const layer = Readable.from(layerOf(digest, tar, place), { objectMode: false });
  // Also where nobody read of it.
  return layer.on('close', () => tar.destroy());
}

/**
 * The name of an entry that is looked for by a text: made as a layer's is, so that whatever takes layers
 * takes it, and the digest of nothing that anybody keeps.
 */
export function nameOf(text: string): Digest {
  return digestOf(`excel2doc name ${text}`);
}

async function* layerOf(digest: Digest, tar: Readable, place: string) {
  let isThere = false;
  try {
    // To the end of the archive, so that nothing of an answer is left unread.
    for await (const { entry, content } of readTar(tar)) {
      if (entry.type !== 'file' || entry.path !== pathOf(digest)) continue;
      isThere = true;
      yield* content();
    }
  } finally {
    // Whoever goes before the end: an answer that is not read would hold its connection for ever.
    tar.destroy();
  }
  if (!isThere) throw missing(digest, place);
}
