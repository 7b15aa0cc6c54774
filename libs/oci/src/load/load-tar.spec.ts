import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceChain } from '../blob/chain';
import { digestOf } from '../digest';
import { layoutSource, readBaseImage } from '../layout/read';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { file, itemsOf } from '../testing/trees';
import { thinImage } from '../thin/thin-image';
import { loadTar } from './load-tar';

async function made() {
  const folder = await temporaryFolder();
  const [base, full, output] = ['base', 'full', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFullLayout(base, { layers: [[file('a', 'a')]] });
  await writeFullLayout(full, { layers: [[file('a', 'a')], [file('b', 'b'.repeat(5000))]] });
  const record = await thinImage({
    layoutDir: full,
    outputDir: output,
    base: await readBaseImage(base, 'linux/amd64', 'base:1'),
    platform: 'linux/amd64',
  });
  return { record, source: sourceChain([layoutSource(output), layoutSource(base)]), output };
}

describe('a load tar', () => {
  it.each([
    ['own', 1],
    ['all', 2],
  ] as const)(
    'with %s layers holds %i of the 2, each blob under its digest',
    async (layers, count) => {
      const { record, source } = await made();
      const items = await itemsOf(loadTar({ record, source, layers, tags: ['excel2doc/x:dev'] }));
      const blobs = items.filter((item) => /^blobs\/sha256\/./.test(item.entry.path));
      expect(blobs).toHaveLength(count + 2);
      for (const { entry, content } of blobs) {
        expect(`sha256:${entry.path.split('/')[2]}`).toBe(digestOf(content));
      }
      const text = (path: string) =>
        JSON.parse(items.find((item) => item.entry.path === path)!.content.toString());
      expect(text('manifest.json')).toMatchObject([
        { RepoTags: ['excel2doc/x:dev'], Layers: { length: 2 } },
      ]);
      expect(text('index.json').manifests).toMatchObject([
        {
          digest: record.digest,
          annotations: { 'io.containerd.image.name': 'docker.io/excel2doc/x:dev' },
        },
      ]);
    },
  );

  it('breaks off when a layer is damaged, instead of sending it', async () => {
    const { record, source, output } = await made();
    await writeFile(layoutSource(output).pathOf(record.layers[1]!.digest), 'damage');
    await expect(
      itemsOf(loadTar({ record, source, layers: 'own', tags: [] })),
    ).rejects.toMatchObject({ code: 'BLOB_MISSING', cause: { code: 'BLOB_DAMAGED' } });
  });
});
