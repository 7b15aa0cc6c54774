import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BlobSource } from '../blob/source';
import { digestOf, hexOf } from '../digest';
import { decompressed } from '../layer/compression';
import type { LayerRecord } from '../layout/record';
import { replaceFile } from '../replace-file';
import { decodeIndex, encodeIndex, indexLayer, type LayerIndex } from './layer-index';

/** Where indexes lie unless the caller says otherwise. */
export function defaultIndexFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'excel2doc', 'layer-index');
}

const FORMAT = 2;

/**
 * Layers' indexes by diffId, so that a base image is read once and not for every build. A file's
 * first line is the digest of the rest: one that is cut or damaged is made again.
 */
export class IndexCache {
  constructor(private readonly folder: string = defaultIndexFolder()) {}

  async read(layer: LayerRecord, source: BlobSource): Promise<LayerIndex> {
    const path = join(this.folder, `${hexOf(layer.diffId)}.${FORMAT}`);
    const kept = await readFile(path, 'utf8').catch(() => '');
    const line = kept.indexOf('\n');
    const known = kept.slice(line + 1);
    if (digestOf(known) === kept.slice(0, line)) return decodeIndex(known);
    const tar = decompressed(await source.open(layer.digest), layer.mediaType);
    const index = await indexLayer(layer.diffId, tar);
    const body = encodeIndex(index);
    // A cache that cannot be written is no reason to fail.
    await replaceFile(path, `${digestOf(body)}\n${body}`).catch(() => undefined);
    // The same way in the first build as in the next one.
    return decodeIndex(body);
  }
}
