import { join } from 'node:path';
import { expect, it } from 'vitest';
import { digestOf } from '../digest';
import { layoutSource, readImageRecord } from '../layout/read';
import { SCRATCH } from '../layout/record';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { directory, file, type Item } from '../testing/trees';
import { thinImage } from '../thin/thin-image';
import { sbom } from './sbom';

const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u10
Description: GNU C Library
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1
`;
const site = 'opt/venv/lib/python3.13/site-packages';

async function documentOf(layers: Item[][]) {
  const folder = await temporaryFolder();
  await writeFullLayout(join(folder, 'full'), { layers });
  const outputDir = join(folder, 'out');
  await thinImage({
    layoutDir: join(folder, 'full'),
    outputDir,
    base: SCRATCH,
    platform: 'linux/amd64',
  });
  const { record } = await readImageRecord(outputDir);
  return sbom({
    record,
    source: layoutSource(outputDir),
    name: 'excel2doc/backend',
    inputs: { 'requirements.txt': digestOf('r'), 'app/main.py': digestOf('m') },
    indexFolder: join(folder, 'indexes'),
  });
}

const layers = [
  [
    directory('var/lib/dpkg'),
    file('var/lib/dpkg/status', status),
    file('etc/os-release', 'ID=debian\nVERSION_CODENAME=bookworm\n'),
    file(`${site}/Old_Name-1.0.dist-info/METADATA`, 'Name: Old_Name\nVersion: 1.0\n'),
  ],
  [
    file(`${site}/.wh.Old_Name-1.0.dist-info`, ''),
    file(
      `${site}/My.Pkg-2.0+x.dist-info/METADATA`,
      'Metadata-Version: 2.4\nName: My.Pkg\nVersion: 2.0+x\nLicense-Expression: MIT\n\nName: in the text\n',
    ),
  ],
];

it('lists the packages of the merged layers, with purls, and what the image was built from', async () => {
  const document = JSON.parse((await documentOf(layers)).toString());
  const [image, ...packages] = document.packages;
  expect(image).toMatchObject({ name: 'excel2doc/backend', primaryPackagePurpose: 'CONTAINER' });
  const url = (item: { externalRefs: { referenceLocator: string }[] }) =>
    item.externalRefs[0]!.referenceLocator;
  expect(packages.map(url)).toEqual([
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=bookworm',
    'pkg:pypi/my-pkg@2.0%2Bx',
  ]);
  expect(document.files.map((item: { fileName: string }) => item.fileName)).toEqual([
    './app/main.py',
    './requirements.txt',
  ]);
  expect(document.creationInfo.created).toBe('1970-01-01T00:00:00Z');
});

it('names each element once, and every relationship names one that is there', async () => {
  const document = JSON.parse((await documentOf(layers)).toString());
  const ids = [...document.packages, ...document.files].map(
    (item: { SPDXID: string }) => item.SPDXID,
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
  for (const { relatedSpdxElement } of document.relationships)
    expect(ids).toContain(relatedSpdxElement);
});

it('is the same for the same image, byte for byte', async () => {
  expect((await documentOf(layers)).equals(await documentOf(layers))).toBe(true);
});
