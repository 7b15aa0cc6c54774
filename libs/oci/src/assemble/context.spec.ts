import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bytesOf, textOf } from '@excel2doc/go-text';
import { digestOf } from '../digest';
import { layoutSource } from '../layout/read';
import { SCRATCH } from '../layout/record';
import { temporaryFolder } from '../testing/folder';
import { itemsOf } from '../testing/trees';
import { decompressed } from '../layer/compression';
import { assembleImage } from './assemble-image';
import type { ContextFile } from './context';
import type { Instruction } from './instruction';

/** The files of the one layer that a COPY of `sources` gives: path -> content, or what it is. */
async function copied(directory: string, files: ContextFile[], sources: string[]) {
  const outputDir = join(await temporaryFolder(), 'out');
  const instructions: Instruction[] = [{ kind: 'copy', sources, destination: '/d/', line: 1 }];
  const context = { directory, files };
  const record = await assembleImage({
    outputDir,
    parent: SCRATCH,
    platform: 'linux/amd64',
    instructions,
    context,
  });
  const layer = record.layers[0]!;
  const blob = await layoutSource(outputDir).open(layer.digest);
  const items = await itemsOf(decompressed(blob, layer.mediaType));
  return Object.fromEntries(
    items.map(({ entry, content }) => [
      entry.path,
      entry.type === 'file' ? content.toString() : `${entry.type} ${entry.linkPath ?? ''}`.trim(),
    ]),
  );
}

it('a name that is no UTF-8 is read and copied as it is', async () => {
  const folder = await temporaryFolder();
  const name = Buffer.from([0x66, 0xff, 0x6f]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), 'x');
  const path = textOf(name);
  expect(await copied(folder, [{ path }], ['.'])).toEqual({ d: 'directory', [`d/${path}`]: 'x' });
});

it('a link that stands as what it leads to is followed, from the root of the context', async () => {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real/a'), 'a');
  symlinkSync('/real', join(folder, 'to-folder'));
  symlinkSync('real/a', join(folder, 'to-file'));
  const files: ContextFile[] = [
    { path: 'to-folder', type: 'directory' },
    { path: 'to-folder/a', type: 'file' },
    { path: 'to-file', type: 'file' },
  ];
  expect(await copied(folder, files, ['to-folder'])).toEqual({ d: 'directory', 'd/a': 'a' });
  expect(await copied(folder, files, ['to-file'])).toEqual({ d: 'directory', 'd/to-file': 'a' });
});

it('hard links are two files: a checkout has none', async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'a'), 'a');
  linkSync(join(folder, 'a'), join(folder, 'b'));
  expect(await copied(folder, [{ path: 'a' }, { path: 'b' }], ['.'])).toEqual({
    d: 'directory',
    'd/a': 'a',
    'd/b': 'a',
  });
});

it('what is not listed is not there', async () => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'secret'), 's');
  await expect(copied(folder, [], ['secret'])).rejects.toMatchObject({ code: 'ASSEMBLY_FAILED' });
});

it.each([
  ['small', 10],
  ['large', 400_000],
])('a %s file that is not what was planned is refused', async (_what, sizeBytes) => {
  const folder = await temporaryFolder();
  writeFileSync(join(folder, 'a'), Buffer.alloc(sizeBytes, 1));
  const files = [{ path: 'a', digest: digestOf(Buffer.alloc(sizeBytes, 2)) }];
  await expect(copied(folder, files, ['a'])).rejects.toMatchObject({ code: 'CONTEXT_CHANGED' });
});

it.each([
  ['?.txt', '😀.txt'],
  ['[😀-😂].txt', '😁.txt'],
  ['?.txt', textOf(Buffer.from([0xff, 0x2e, 0x74, 0x78, 0x74]))],
  ['a[^x]b', 'a/b'],
])('a wildcard takes what the plan names: %s and %s', async (source, path) => {
  const folder = await temporaryFolder();
  if (path.includes('/')) mkdirSync(join(folder, 'a'));
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), bytesOf(path)]), 'x');
  const name = path.slice(path.lastIndexOf('/') + 1);
  expect(await copied(folder, [{ path }], [source])).toEqual({
    d: 'directory',
    [`d/${name}`]: 'x',
  });
});
