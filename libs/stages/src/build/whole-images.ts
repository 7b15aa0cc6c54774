import type { ImageStore } from '@excel2doc/engine';
import type { Digest, ImageRecord } from '@excel2doc/oci';

/** Of images that this process has seen whole in an engine: their layers, by the engine's and their own id. */
const seen = new Map<string, ReadonlySet<Digest>>();

/** To be called for what an engine has with all its layers. */
export function rememberWhole(engine: ImageStore, id: string, { layers }: ImageRecord): void {
  seen.set(keyOf(engine, id), new Set(layers.map(({ digest }) => digest)));
}

/** Whether these images are known to have these layers, in these blobs. */
export function areKnownToHave(
  engine: ImageStore,
  ids: readonly string[],
  layers: readonly Digest[],
): boolean {
  // Nobody could tell it from the next one.
  if (engine.id === undefined) return false;
  const known = ids.map((id) => seen.get(keyOf(engine, id)));
  return layers.every((layer) => known.some((image) => image?.has(layer)));
}

const keyOf = (engine: ImageStore, id: string) => JSON.stringify([engine.id, id]);
