import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sourceChain } from '../blob/chain';
import { BlobStore } from '../blob/store';
import { layoutSource, readBaseImage } from '../layout/read';
import { Repository, type RepositoryOptions } from '../registry/repository';
import { thinImage } from '../thin/thin-image';
import { temporaryFolder } from './folder';
import { writeFullLayout } from './images';
import { file } from './trees';

/** Without credentials, and quick to try again. */
export function repositoryAt(name: string, options: RepositoryOptions = {}): Repository {
  const repository = new Repository(name, {
    credentials: async () => null,
    retryDelayMs: 5,
    ...options,
  });
  onTestFinished(() => repository.close());
  return repository;
}

export async function blobOf(sizeBytes: number) {
  const store = new BlobStore(await temporaryFolder(), { durable: false });
  const bytes = randomBytes(sizeBytes);
  return { bytes, source: store, ...(await store.putBytes(bytes)) };
}

export async function madeImage(platform = 'linux/amd64') {
  const folder = await temporaryFolder();
  const [base, full, output] = ['base', 'full', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFullLayout(base, { layers: [[file('a', 'a')]], platform });
  await writeFullLayout(full, { layers: [[file('a', 'a')], [file('b', platform)]], platform });
  const known = await readBaseImage(base, platform, 'base:1');
  const record = await thinImage({ layoutDir: full, outputDir: output, base: known, platform });
  return { record, source: sourceChain([layoutSource(output), layoutSource(base)]) };
}
