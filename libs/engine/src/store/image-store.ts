import type { Readable } from 'node:stream';
import type { EngineDescription } from '../client/description';
import type { ImageInfo } from '../image/image';

/** What an engine keeps of images, and the few calls that bring one in. `Engine` is one, too. */
export interface ImageStore extends Pick<EngineDescription, 'id' | 'platform' | 'store'> {
  /** In which a manifest has to be, so that the engine reads all of the config. */
  readonly manifestFormat: 'oci' | 'docker';
  /** The ids of the images that these names stand for, of images that are really there. */
  imageIds(names: readonly string[]): Promise<Map<string, string>>;
  /** The ids of the images that have a name in a repository, the latest first; of such that are really there. */
  idsIn(repository: string): Promise<string[]>;
  /** The ids of the images that have no name; of such that are really there, with all their blobs. */
  unnamedIds(): Promise<string[]>;
  /** Null when the engine has no such image. */
  inspectImage(reference: string): Promise<ImageInfo | null>;
  /** @throws EngineError `LAYERS_MISSING` when a thin tar lacks more than the engine has */
  loadImage(tar: Readable): Promise<unknown>;
  tag(source: string, target: string): Promise<void>;
}
