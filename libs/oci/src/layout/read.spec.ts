import { expect, test } from 'vitest';
import { MEDIA_TYPES, parsePlatform } from '../image/types';
import { writeFullLayout } from '../testing/images';
import { temporaryFolder } from '../testing/folder';
import { writeLayoutFiles } from './draft';
import { layoutSource, readBaseImage } from './read';

test('an image without a layer is read as BuildKit writes it: its layers are null', async () => {
  const folder = await temporaryFolder();
  const manifest = await writeFullLayout(folder, { layers: [] });
  const bytes = Buffer.from(JSON.stringify({ ...manifest, layers: null }));
  const { digest, sizeBytes } = await layoutSource(folder).putBytes(bytes);
  const platform = parsePlatform('linux/amd64');
  await writeLayoutFiles(folder, [
    { mediaType: MEDIA_TYPES.manifest, digest, size: sizeBytes, platform },
  ]);
  const base = await readBaseImage(folder, 'linux/amd64', 'scratch-like');
  expect(base.layers).toEqual([]);
});
