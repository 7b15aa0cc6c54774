import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  decompressed,
  encodeHeader,
  type ImageConfig,
  type LayerRecord,
  readTar,
  TAR_BLOCK,
  type TarEntry,
} from '@excel2doc/oci';
import type { Outputs } from './outputs';

/** What a stage's own layers come to. */
export interface OwnFiles {
  /** The same for two images that differ in the files of these layers alone. */
  rest: string;
  /** By path, from the root. */
  files: ReadonlyMap<string, OwnFile>;
  layers: LayerRecord[];
  /** Of all layers, as an engine tells them of the image. */
  diffIds: string[];
}

interface OwnFile {
  entry: TarEntry;
  /** All that a container sees of it. */
  text: string;
  layer: LayerRecord;
}

/** More is not worth being read through with each save. */
const MOST_BYTES = 256 << 20;
const PLAIN = ['file', 'directory', 'symlink'];

/** @returns why, where a container cannot be given them one by one */
export async function readOwnFiles(outputs: Outputs, stage: string): Promise<OwnFiles | string> {
  const { record, config } = await outputs.read(stage);
  const layers = record.layers.filter(({ from }) => from === 'self');
  const below = record.layers.filter(({ from }) => from !== 'self').map(({ diffId }) => diffId);
  if (record.ownSizeBytes > MOST_BYTES) return `its own layers have ${record.ownSizeBytes} bytes`;
  const source = await outputs.source(stage);
  const files = new Map<string, OwnFile>();
  for (const layer of layers) {
    const tar = decompressed(await source.open(layer.digest), layer.mediaType);
    for await (const { entry, content } of readTar(tar)) {
      const isWhiteout = /(^|\/)\.wh\./.test(entry.path);
      if (isWhiteout || entry.sparse || !PLAIN.includes(entry.type))
        return `a layer of it has /${entry.path}, which is no plain file`;
      const hash = createHash('sha256');
      for await (const chunk of content()) hash.update(chunk);
      files.set(entry.path, { entry, layer, text: textOf(entry, hash.digest('hex')) });
    }
  }
  const diffIds = record.layers.map(({ diffId }) => diffId);
  return { rest: JSON.stringify([below, withoutLayers(config)]), files, layers, diffIds };
}

/**
 * The paths that make one image of another: what is new in it, or is otherwise.
 *
 * @returns why, where more than files is to be put in place
 */
export function pathsToPut(before: OwnFiles, after: OwnFiles): string[] | string {
  if (before.rest !== after.rest) return 'more than files of its last stage is another';
  for (const [path, { entry }] of before.files) {
    const now = after.files.get(path)?.entry;
    if (!now) return `/${path} is gone`;
    if (now.type !== entry.type) return `/${path} is a ${now.type} now`;
  }
  const { files } = after;
  return [...files.keys()].filter((path) => files.get(path)?.text !== before.files.get(path)?.text);
}

/**
 * A tar with some of the files, folders before what lies in them. They have the time of now: what
 * watches them in a container, or has made byte-code of them there, goes by it.
 */
export function tarOf(
  outputs: Outputs,
  stage: string,
  { files, layers }: OwnFiles,
  paths: readonly string[],
): Readable {
  const wanted = new Set(paths);
  const mtimeS = Math.floor(Date.now() / 1000);
  async function* parts(): AsyncGenerator<Buffer> {
    const source = await outputs.source(stage);
    for (const layer of layers) {
      const tar = decompressed(await source.open(layer.digest), layer.mediaType);
      for await (const { entry, content } of readTar(tar)) {
        // The last layer that has it is the one that counts.
        if (!wanted.has(entry.path) || files.get(entry.path)?.layer !== layer) continue;
        yield encodeHeader({ ...entry, mtimeS });
        if (entry.type !== 'file') continue;
        yield* content();
        yield Buffer.alloc(-entry.sizeBytes & (TAR_BLOCK - 1));
      }
    }
    yield Buffer.alloc(2 * TAR_BLOCK);
  }
  return Readable.from(parts(), { objectMode: false });
}

function textOf({ type, mode, uid, gid, linkPath, xattrs = {} }: TarEntry, content: string) {
  const more = Object.entries(xattrs).map(([name, value]) => [name, value.toString('base64')]);
  return JSON.stringify([type, mode, uid, gid, linkPath, more, content]);
}

function withoutLayers({ rootfs: _, history: __, created: ___, ...rest }: ImageConfig) {
  return rest;
}
