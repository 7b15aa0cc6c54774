import { expect, test } from 'vitest';
import { readBlob, readJsonBlob } from '../blob/source';
import { digestOf } from '../digest';
import type { ImageConfig, Manifest } from '../image/types';
import { layoutSource, readBaseImage } from '../layout/read';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { file } from '../testing/trees';
import { SCRATCH } from '../layout/record';
import { thinImage } from '../thin/thin-image';
import { describeImage } from './describe-image';

async function made(labels: Record<string, string>) {
  const folder = await temporaryFolder();
  const [layoutDir, outputDir] = [`${folder}/full`, `${folder}/out`];
  const config = { Labels: labels, Cmd: ['true'] };
  await writeFullLayout(layoutDir, { layers: [[file('a', 'a')]], config });
  const record = await thinImage({ layoutDir, outputDir, base: SCRATCH, platform: 'linux/amd64' });
  return { record, source: layoutSource(outputDir), outputDir };
}

async function documents({ record, source }: Awaited<ReturnType<typeof describeImage>>) {
  const manifest = await readJsonBlob<Manifest>(source, record.digest);
  return { manifest, config: await readJsonBlob<ImageConfig>(source, record.configDigest) };
}

test('labels and annotations change config and manifest, and nothing below them', async () => {
  const image = await made({ kept: '1', other: '2', gone: '3' });
  const before = await documents(image);
  const said = { labels: { other: 'x', gone: null, new: 'y' }, annotations: { b: '2', a: '1' } };
  const described = await describeImage(image, said);
  const { manifest, config } = await documents(described);
  expect(config.config?.Labels).toEqual({ kept: '1', new: 'y', other: 'x' });
  expect({ ...config, config: before.config.config }).toEqual(before.config);
  expect(manifest.annotations).toEqual({ a: '1', b: '2' });
  expect(manifest.layers).toEqual(before.manifest.layers);
  for (const digest of [described.record.digest, manifest.config.digest])
    expect(digestOf(await readBlob(described.source, digest))).toBe(digest);
  expect(described.record).toEqual({
    ...image.record,
    digest: described.record.digest,
    configDigest: manifest.config.digest,
  });
  // Layers come from where they were; what lies on the disk is as before.
  await readBlob(described.source, image.record.layers[0]!.digest);
  expect(await readBaseImage(image.outputDir, 'linux/amd64', 'x')).toMatchObject({
    reference: { digest: image.record.digest },
  });
});

test('the order in which something is said makes no other image, and nothing said none at all', async () => {
  const image = await made({ Test: '1', b: '2' });
  const one = await describeImage(image, { labels: { c: '3', a: '4' }, annotations: {} });
  const two = await describeImage(image, { labels: { a: '4', c: '3' }, annotations: {} });
  expect(one.record.digest).toBe(two.record.digest);
  expect(one.record.digest).not.toBe(image.record.digest);
  const none = await describeImage(image, { labels: {}, annotations: {} });
  expect(none.record).toEqual(image.record);
  const same = await describeImage(image, { labels: { b: '2' }, annotations: {} });
  expect(same.record.digest).toBe(image.record.digest);
});
