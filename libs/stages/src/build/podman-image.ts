import type { Podman } from '@excel2doc/engine';
import { type ImageRecord, loadTar } from '@excel2doc/oci';
import type { Parent } from './stage-inputs';

/** Loads an image under a name of its own, sending the layers that Podman lacks. */
export async function loadContext(
  podman: Podman,
  record: ImageRecord,
  { source }: Pick<Parent, 'source'>,
): Promise<string> {
  const tag = `localhost/nx-stages-context:${record.configDigest.slice('sha256:'.length)}`;
  if ((await podman.inspectImage(tag)) !== null) return tag;
  const load = (layers: 'own' | 'all') =>
    podman.loadImage(
      loadTar({ record, source: source!, tags: [tag], layers, manifest: podman.manifestFormat }),
    );
  await load('own').catch((error: unknown) => {
    if ((error as { code?: string }).code !== 'LAYERS_MISSING') throw error;
    return load('all');
  });
  return tag;
}
