import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OciError } from '../error';
import { replaceFile } from '../replace-file';
import type { ImageRecord } from './record';

/**
 * `blobs.json`, beside image.json: the layers of an output are elsewhere, and not in the folder.
 * image.json does not say so: where its layers lie changes nothing for what is built on it.
 */
const BLOBS_JSON = 'blobs.json';

/** Where the layers of an output are. The remote cache is the one that the machine is given. */
export type LayerPlace =
  | { kind: 'registry'; /** `registry.example.com/team/layers` */ repository: string }
  | { kind: 'remote-cache' };

type BlobsFile = { format: 1; repository: string } | { format: 2; in: 'remote-cache' };

/**
 * Where the layers of an output folder are; undefined where the folder has them.
 *
 * @throws OciError `LAYOUT_INCOMPLETE` for a file that says something else
 */
export async function readLayersElsewhere(directory: string): Promise<LayerPlace | undefined> {
  const path = join(directory, BLOBS_JSON);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const file = JSON.parse(text) as BlobsFile;
    if (file.format === 1 && typeof file.repository === 'string')
      return { kind: 'registry', repository: file.repository };
    if (file.format === 2 && file.in === 'remote-cache') return { kind: 'remote-cache' };
  } catch {
    // Said below.
  }
  throw new OciError('LAYOUT_INCOMPLETE', {
    message: `${path} names no place of layers`,
    hint: 'remove the folder: its stage is built again',
  });
}

/**
 * Takes the layers out of an output folder, now that `place` has them. Whoever is killed leaves
 * a folder that still has some of them, which does no harm.
 */
export async function moveLayersElsewhere(
  directory: string,
  record: ImageRecord,
  place: LayerPlace,
): Promise<void> {
  const file: BlobsFile =
    place.kind === 'registry'
      ? { format: 1, repository: place.repository }
      : { format: 2, in: 'remote-cache' };
  await replaceFile(join(directory, BLOBS_JSON), `${JSON.stringify(file)}\n`);
  for (const { from, digest } of record.layers) {
    const path = join(directory, 'blobs', ...digest.split(':'));
    if (from === 'self') await rm(path, { force: true });
  }
}
