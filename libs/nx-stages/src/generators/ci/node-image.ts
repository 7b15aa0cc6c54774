import { mirrored, Repository } from '@excel2doc/oci';

/** An image by its digest; or by its tag alone, and why. */
export interface PinnedImage {
  reference: string;
  why?: string;
}

/** A registry that is not there is not waited for long: the file can be written anew. */
const PATIENCE = { attempts: 1, timeoutMs: 10_000 };

/** The image of Node that GitLab's jobs run in, by the digest that its tag has now. */
export async function nodeImage(version: string): Promise<PinnedImage> {
  const tag = `${version}-trixie`;
  const name = mirrored('docker.io/library/node', process.env['NX_STAGES_REGISTRY_MIRROR'] ?? '');
  const repository = new Repository(name, PATIENCE);
  try {
    const digest = await repository.resolve(tag);
    if (digest !== null) return { reference: `node:${tag}@${digest}` };
    return { reference: `node:${tag}`, why: `${repository.name} has no ${tag}` };
  } catch (error) {
    const [why = ''] = (error as Error).message.split('\n');
    return { reference: `node:${tag}`, why };
  } finally {
    await repository.close();
  }
}
