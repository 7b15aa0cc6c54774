import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Base, Engine } from '@excel2doc/engine';

const STAND_IN_LABEL = 'org.excel2doc.stand-in';

/**
 * Has `base` in the engine under its reference, for who runs it without building on it (Compose):
 * a stand-in is loaded, a locked image pulled by its digest and tagged. An image of that name that is
 * somebody else's is left as it is.
 */
export async function provideImage(
  engine: Engine,
  base: Base,
  log: (line: string) => void,
): Promise<void> {
  const present = await engine.inspectImage(base.reference);
  if (present && !(STAND_IN_LABEL in present.labels)) return;
  if (base.standIn) {
    await loadStandIn(engine, base, present?.id, log);
    return;
  }
  const source = base.namedContext.replace('docker-image://', '');
  log(`Pulling ${source}`);
  await engine.pull(source, { platform: base.platform });
  await engine.tag(source, base.reference);
}

/** An image's id is its manifest's digest in the containerd store, its config's in the classic one. */
async function loadStandIn(
  engine: Engine,
  base: Base,
  presentId: string | undefined,
  log: (line: string) => void,
): Promise<void> {
  const layout = base.layoutDir;
  if (!layout) return;
  const bytes = await readFile(join(layout, blobPath(base.digest)), 'utf8');
  const manifest = JSON.parse(bytes) as { config: { digest: string } };
  if (presentId === base.digest || presentId === manifest.config.digest) return;
  log(`Loading the stand-in for ${base.reference}`);
  await engine.loadLayout({ dir: layout, digest: base.digest }, base.reference);
}

function blobPath(digest: string): string {
  return join('blobs', ...digest.split(':'));
}
