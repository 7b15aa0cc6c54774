import type { ImageStore } from '@excel2doc/engine';
import type { Digest, LayerRecord } from '@excel2doc/oci';

/**
 * Which layers an engine lacks of an image, told by images that it has.
 *
 * The containerd store keeps each layer as it came, whatever it lies on. The classic one keeps what
 * layers came to, each on those below it: a layer above one that it lacks is not there either.
 *
 * @param known the diffIds of each image that the engine has, the lowest first
 * @returns `all` where it has nothing of it
 */
export function lackingLayers(
  layers: readonly LayerRecord[],
  known: readonly (readonly string[])[],
  store: ImageStore['store'],
): ReadonlySet<Digest> | 'all' {
  if (store === 'containerd') {
    const had = new Set(known.flat());
    const lacking = layers.filter(({ diffId }) => !had.has(diffId));
    return lacking.length === layers.length ? 'all' : digestsOf(lacking);
  }
  const shared = Math.max(0, ...known.map((image) => sharedDepth(layers, image)));
  return shared === 0 ? 'all' : digestsOf(layers.slice(shared));
}

/** How many layers two images have in common, from the lowest up. */
function sharedDepth(layers: readonly LayerRecord[], image: readonly string[]): number {
  const at = layers.findIndex(({ diffId }, depth) => image[depth] !== diffId);
  return at < 0 ? layers.length : at;
}

function digestsOf(layers: readonly LayerRecord[]): Set<Digest> {
  return new Set(layers.map(({ digest }) => digest));
}
