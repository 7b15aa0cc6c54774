import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomName } from '../blob/store';
import { OciError } from '../error';
import type { ImageRecord } from './record';

/**
 * `blobs.json`, beside image.json: the layers of an output are in a registry, and not in the folder.
 * image.json does not say so: where its layers lie changes nothing for what is built on it.
 */
const BLOBS_JSON = 'blobs.json';

interface BlobsFile {
  format: 1;
  /** `registry.example.com/team/layers` */
  repository: string;
}

/**
 * The repository that has the layers of an output folder; undefined where the folder has them.
 *
 * @throws OciError `LAYOUT_INCOMPLETE` for a file that says something else
 */
export async function readLayersElsewhere(directory: string): Promise<string | undefined> {
  const path = join(directory, BLOBS_JSON);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const file = JSON.parse(text) as BlobsFile;
    if (file.format === 1 && typeof file.repository === 'string') return file.repository;
  } catch {
    // Said below.
  }
  throw new OciError('LAYOUT_INCOMPLETE', {
    message: `${path} names no repository`,
    hint: 'remove the folder: its stage is built again',
  });
}

/**
 * Takes the layers out of an output folder, now that `repository` has them. Whoever is killed leaves
 * a folder that still has some of them, which does no harm.
 */
export async function moveLayersElsewhere(
  directory: string,
  record: ImageRecord,
  repository: string,
): Promise<void> {
  const draft = join(directory, `${BLOBS_JSON}.${randomName()}`);
  const file: BlobsFile = { format: 1, repository };
  await writeFile(draft, `${JSON.stringify(file)}\n`);
  await rename(draft, join(directory, BLOBS_JSON));
  for (const { from, digest } of record.layers) {
    const path = join(directory, 'blobs', ...digest.split(':'));
    if (from === 'self') await rm(path, { force: true });
  }
}
