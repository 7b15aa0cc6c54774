import { execFileSync } from 'node:child_process';
import { readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBlob } from '../blob/source';
import { checkOwnBlobs, layoutSource, readBaseImage, readImageRecord } from '../layout/read';
import { baseFromStage, SCRATCH } from '../layout/record';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { directory, file } from '../testing/trees';
import { thinImage } from './thin-image';

const platform = 'linux/amd64';
const baseLayers = [[directory('etc'), file('etc/passwd', 'root:x:0:0::/root:/bin/sh\n')]];

async function exported(mtimeS: number, created: string) {
  const folder = await temporaryFolder();
  const [base, full, output] = ['base', 'full', 'out/linux-amd64'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFullLayout(base, { layers: baseLayers });
  await writeFullLayout(full, {
    layers: [...baseLayers, [directory('app', { mtimeS }), file('app/main', 'x', { mtimeS })]],
    created,
    history: [
      // As BuildKit has it where the base's own entry has no time.
      { created, created_by: 'layer 0' },
      { created, created_by: 'RUN make', comment: 'buildkit.dockerfile.v0' },
      { created, created_by: 'USER app', empty_layer: true },
    ],
    config: { Env: ['A=1'], Labels: { b: '1', a: '2' } },
  });
  return { full, output, base: await readBaseImage(base, platform, 'base:1') };
}

describe('a thin image', () => {
  it('is the same for two builds of the same files at different times', async () => {
    const [one, two] = [
      await exported(1700000000, '2024-01-01T00:00:00.5Z'),
      await exported(1800000000, '2025-01-01T00:00:00Z'),
    ];
    const first = await thinImage({
      layoutDir: one.full,
      outputDir: one.output,
      base: one.base,
      platform,
    });
    const second = await thinImage({
      layoutDir: two.full,
      outputDir: two.output,
      base: two.base,
      platform,
    });
    expect(second).toEqual(first);
  });

  it('holds only its own layer, its config and its manifest, and names the rest', async () => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    const record = await thinImage({
      layoutDir: full,
      outputDir: output,
      base,
      platform,
      epochS: 86400,
    });
    expect(record.layers.map((layer) => layer.from)).toEqual(['base', 'self']);
    expect(record.layers[0]!.digest).toBe(base.layers[0]!.digest);
    expect((await readdir(output)).sort()).toEqual([
      'blobs',
      'image.json',
      'index.json',
      'oci-layout',
    ]);
    expect(
      (await readdir(join(output, 'blobs/sha256'))).map((hex) => `sha256:${hex}`).sort(),
    ).toEqual([record.digest, record.configDigest, record.layers[1]!.digest].sort());
    expect(await readdir(join(output, '..'))).toEqual(['linux-amd64']);
    const config = JSON.parse(String(await readBlob(layoutSource(output), record.configDigest)));
    expect(config).toMatchObject({
      created: '1970-01-02T00:00:00Z',
      history: [
        { created_by: 'layer 0' },
        { created: '1970-01-02T00:00:00Z', created_by: 'RUN make' },
        { created: '1970-01-02T00:00:00Z', empty_layer: true },
      ],
    });
  });

  it('refuses an export that is not built on its base', async () => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    const other = { ...base, layers: [{ ...base.layers[0]!, diffId: base.layers[0]!.digest }] };
    await expect(
      thinImage({ layoutDir: full, outputDir: output, base: other, platform }),
    ).rejects.toMatchObject({ code: 'NOT_A_BASE', expected: base.layers[0]!.digest });
    await expect(stat(output)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('names the stage that a layer of its parent comes from', async () => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    await thinImage({ layoutDir: full, outputDir: output, base, platform });
    const { record, config } = await readImageRecord(output);
    const parent = baseFromStage('deps', record, config);
    expect(parent.layers.map((layer) => layer.from)).toEqual(['base', 'stage:deps']);
    const again = await thinImage({
      layoutDir: output,
      outputDir: `${output}-2`,
      base: parent,
      platform,
    });
    expect(again.ownSizeBytes).toBe(0);
  });

  it('exported by paths, comes to no more layers than an engine mounts', async () => {
    const folder = await temporaryFolder();
    const paths = Array.from({ length: 6 }, (_, at) => `lib${at}`);
    const jars = Array.from({ length: 200 }, (_, at) => `jar${at}`);
    const layers = paths.map((path) => [
      directory(path),
      ...jars.map((name) => file(`${path}/${name}.jar`, Buffer.alloc(12_000))),
    ]);
    await writeFullLayout(join(folder, 'full'), { layers });
    const record = await thinImage({
      layoutDir: join(folder, 'full'),
      outputDir: join(folder, 'out'),
      base: SCRATCH,
      platform,
      paths: paths.map((path) => `/${path}`),
      layering: 'package',
    });
    const counts = record.paths!.map(({ layers }) => layers.length);
    expect(counts[0]).toBeGreaterThan(10);
    expect(counts.at(-1)).toBe(1);
    expect(record.layers.length).toBeLessThanOrEqual(100 + paths.length);
  });

  it('exported by paths, says which layer holds which path', async () => {
    const folder = await temporaryFolder();
    await writeFullLayout(join(folder, 'full'), {
      layers: [
        [directory('opt'), directory('opt/venv')],
        [directory('srv'), file('srv/a', 'a')],
      ],
    });
    const options = { layoutDir: join(folder, 'full'), outputDir: join(folder, 'out'), platform };
    const record = await thinImage({ ...options, base: SCRATCH, paths: ['/opt/venv', '/srv/a'] });
    expect(record.paths).toEqual([
      { path: '/opt/venv', layers: [record.layers[0]!.digest] },
      { path: '/srv/a', layers: [record.layers[1]!.digest] },
    ]);
    await expect(
      thinImage({ ...options, base: SCRATCH, paths: ['/opt/venv'] }),
    ).rejects.toMatchObject({ code: 'BAD_DOCUMENT' });
  });

  it('replaces an older output whole', async () => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    await thinImage({ layoutDir: full, outputDir: output, base, platform });
    await writeFile(join(output, 'stray'), '');
    await thinImage({ layoutDir: full, outputDir: output, base, platform });
    expect(await readdir(output)).not.toContain('stray');
  });

  it('survives two builds of it at once', async () => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    const all = Array.from({ length: 6 }, () =>
      thinImage({ layoutDir: full, outputDir: output, base, platform }),
    );
    const digests = new Set((await Promise.all(all)).map((record) => record.digest));
    expect(digests.size).toBe(1);
    await checkOwnBlobs(await readImageRecord(output));
    expect(await readdir(join(output, '..'))).toEqual(['linux-amd64']);
  });
});

describe('an output folder that was edited by hand', () => {
  it.each([
    ['image.json is gone', (at: string) => rm(join(at, 'image.json')), 'LAYOUT_INCOMPLETE'],
    ['image.json is cut', (at: string) => truncate(join(at, 'image.json'), 40), 'BAD_DOCUMENT'],
    ['index.json is gone', (at: string) => rm(join(at, 'index.json')), 'LAYOUT_INCOMPLETE'],
    ['a blob is cut', (at: string) => eachBlob(at, (path) => truncate(path, 7)), /./],
    ['a blob is gone', (at: string) => eachBlob(at, (path) => rm(path)), /./],
  ])('is refused when %s', async (_what, edit, code) => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    await thinImage({ layoutDir: full, outputDir: output, base, platform });
    await edit(output);
    await expect(readImageRecord(output)).rejects.toMatchObject({
      code: typeof code === 'string' ? code : expect.stringMatching(code),
    });
  });

  it('is refused for each single blob that is missing, and for a flipped bit in its layer', async () => {
    const { full, output, base } = await exported(1, '2024-01-01T00:00:00Z');
    const record = await thinImage({ layoutDir: full, outputDir: output, base, platform });
    for (const digest of [record.digest, record.configDigest, record.layers[1]!.digest]) {
      await thinImage({ layoutDir: full, outputDir: output, base, platform });
      await rm(layoutSource(output).pathOf(digest));
      await expect(readImageRecord(output)).rejects.toMatchObject({
        code: expect.stringMatching(/BLOB_MISSING|LAYOUT_INCOMPLETE/),
      });
    }
    await thinImage({ layoutDir: full, outputDir: output, base, platform });
    const layer = layoutSource(output).pathOf(record.layers[1]!.digest);
    execFileSync('dd', ['of=' + layer, 'bs=1', 'seek=20', 'conv=notrunc', 'status=none'], {
      input: '!',
    });
    await expect(checkOwnBlobs(await readImageRecord(output))).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
    });
    await expect(stat(layer)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

async function eachBlob(output: string, act: (path: string) => Promise<void>) {
  const folder = join(output, 'blobs/sha256');
  for (const name of await readdir(folder)) await act(join(folder, name));
}
