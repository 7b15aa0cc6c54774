import {
  type BlobSource,
  decompressed,
  type LayerRecord,
  readTar,
  type TarEntry,
} from '@excel2doc/oci';

/** A file of one layer; `text` is undefined for what is large or no text. */
export interface LayerFile {
  entry: TarEntry;
  text: string | undefined;
}

const LARGEST_TEXT = 256 * 1024;

/** The entries of a layer, one at a time; content is only read of small files, and with `contents`. */
export async function* layerFiles(
  source: BlobSource,
  layer: LayerRecord,
  contents: boolean,
): AsyncGenerator<LayerFile> {
  const tar = decompressed(await source.open(layer.digest), layer.mediaType);
  for await (const { entry, content } of readTar(tar)) {
    const isSmall = entry.type === 'file' && entry.sizeBytes <= LARGEST_TEXT && !entry.sparse;
    if (!contents || !isSmall || /\.(pyc|so|png|mo|gz)$/.test(entry.path)) {
      yield { entry, text: undefined };
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of content()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    yield { entry, text: bytes.includes(0) ? undefined : bytes.toString('utf8') };
  }
}

/** The paths of a root as layers are laid over each other. */
export class Root {
  readonly #paths = new Map<string, TarEntry['type']>();

  /** @see OCI image-spec v1.1, layer.md#whiteouts */
  apply({ path, type }: TarEntry): void {
    const slash = path.lastIndexOf('/') + 1;
    const name = path.slice(slash);
    const folder = path.slice(0, slash);
    if (name === '.wh..wh..opq') this.#deleteUnder(folder);
    else if (name.startsWith('.wh.')) {
      const gone = folder + name.slice(4);
      this.#paths.delete(gone);
      this.#deleteUnder(`${gone}/`);
    } else this.#paths.set(path, type);
  }

  #deleteUnder(prefix: string): void {
    for (const path of this.#paths.keys()) if (path.startsWith(prefix)) this.#paths.delete(path);
  }

  paths(): Iterable<[path: string, type: string]> {
    return this.#paths.entries();
  }
}
