import type { Container } from '../compose/container';

/** An image as `docker image inspect` has it, less what is not asked. */
export interface PrunableImage {
  id: string;
  tags: string[];
  /** Diff IDs. */
  layers: string[];
  sizeBytes: number;
}

export interface PrunePlan {
  containers: { id: string; name: string; why: string }[];
  /** `references` are untagged one by one; an image goes with its last one. */
  images: { id: string; references: string[]; why: string; sizeBytes: number }[];
}

export interface PruneFacts {
  /** Of this Compose project. */
  containers: Container[];
  /** Of all projects: what any container uses stays. */
  usedImages: ReadonlySet<string>;
  images: PrunableImage[];
  /** The name of the project's image, without a tag. */
  repository: string;
  /** Tags that stay: those of the commit and digest that were built last. */
  keepTags: readonly string[];
  /** Diff IDs of layers that only this project's stages have. */
  ownLayers: ReadonlySet<string>;
}

/**
 * What can go: this project's ended containers, its superseded images, and untagged images that
 * hold one of its own layers. Never a volume, never what any container uses.
 */
export function planPrune(facts: PruneFacts): PrunePlan {
  const { containers, usedImages, images, repository, keepTags, ownLayers } = facts;
  const ended = containers.filter(
    ({ state, oneOff }) =>
      ['exited', 'dead', 'created'].includes(state) && (oneOff || state !== 'created'),
  );
  const plan: PrunePlan = {
    containers: ended.map(({ id, name, state, exitCode }) => ({
      id,
      name,
      why: state === 'exited' ? `ended with status ${exitCode}` : state,
    })),
    images: [],
  };
  for (const { id, tags, layers, sizeBytes } of images) {
    if (usedImages.has(id)) continue;
    const own = tags.filter((tag) => tag.startsWith(`${repository}:`));
    // A tag that a person or another clone gave is in use for all that is known here.
    const kept = own.some((tag) => {
      const name = tag.slice(repository.length + 1);
      return keepTags.includes(name) || !/^[0-9a-f]{12}$/.test(name);
    });
    if (kept || own.length < tags.length) continue;
    if (own.length > 0) plan.images.push({ id, references: own, why: 'superseded', sizeBytes });
    else if (layers.some((layer) => ownLayers.has(layer)))
      plan.images.push({ id, references: [id], why: 'untagged', sizeBytes });
  }
  return plan;
}
