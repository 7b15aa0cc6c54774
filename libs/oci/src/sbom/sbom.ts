import type { BlobSource } from '../blob/source';
import { digestOf, hexOf, type Digest } from '../digest';
import { timestamp } from '../image/config';
import type { ImageRecord } from '../layout/record';
import { Contents } from '../tree/contents';
import { IndexCache } from '../tree/index-cache';
import { mergeLayers } from '../tree/merge';
import type { Tree } from '../tree/tree';
import { findPackages, type InstalledPackage, packageUrl } from './packages';

export interface SbomOptions {
  record: ImageRecord;
  /** Gives every layer. */
  source: BlobSource;
  /** The image's name in the document: `excel2doc/backend` */
  name: string;
  /** What it was built from: path -> digest. */
  inputs?: Readonly<Record<string, Digest>>;
  /** SOURCE_DATE_EPOCH in seconds. */
  epochS?: number;
  indexFolder?: string;
}

export const SPDX_MEDIA_TYPE = 'application/spdx+json';

/**
 * SPDX 2.3 in JSON: the Debian and Python packages in the image, and the digests of what it was
 * built from. The same image and inputs give the same bytes.
 *
 * @see SPDX specification v2.3
 */
export async function sbom(options: SbomOptions): Promise<Buffer> {
  const { record, source, indexFolder } = options;
  const tree = await mergeLayers(record.layers, source, new IndexCache(indexFolder));
  const places = new Map(record.layers.map((layer) => [layer.digest, { layer, source }]));
  const contents = new Contents(places);
  try {
    const packages = await findPackages(tree, contents);
    const distribution = await codename(tree, contents);
    return Buffer.from(JSON.stringify(spdx(options, packages, distribution), null, 1));
  } finally {
    await contents.close();
  }
}

async function codename(tree: Tree, contents: Contents): Promise<string | undefined> {
  const inode = tree.get(tree.resolve('/etc/os-release'))?.inode;
  if (inode?.type !== 'file') return undefined;
  const text = (await contents.readWhole(inode)).toString('utf8');
  return /^VERSION_CODENAME="?([^"\n]+)/m.exec(text)?.[1];
}

function spdx(options: SbomOptions, packages: InstalledPackage[], distribution?: string) {
  const { record, name, inputs = {}, epochS = 0 } = options;
  const image = 'SPDXRef-Image';
  const inputPaths = Object.keys(inputs).sort();
  const described = packages.map((item) => {
    const url = packageUrl(item, distribution);
    return {
      SPDXID: identifier('Package', url),
      name: item.name,
      versionInfo: item.version,
      downloadLocation: 'NOASSERTION',
      filesAnalyzed: false,
      licenseConcluded: 'NOASSERTION',
      licenseDeclared: 'NOASSERTION',
      ...(item.license && { licenseComments: item.license }),
      ...(item.source && { sourceInfo: `built from Debian source package ${item.source}` }),
      externalRefs: [
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: url },
      ],
    };
  });
  const files = inputPaths.map((path) => ({
    SPDXID: identifier('Input', path),
    fileName: `./${path}`,
    checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(inputs[path]!) }],
    licenseConcluded: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
  }));
  const relationship = (from: string, relationshipType: string, to: string) => ({
    spdxElementId: from,
    relationshipType,
    relatedSpdxElement: to,
  });
  // What the document says names it: two that differ never share a namespace.
  const fingerprint = digestOf(JSON.stringify([record.digest, name, described, files]));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${encodeURIComponent(name)}-${hexOf(fingerprint)}`,
    creationInfo: { created: timestamp(epochS), creators: ['Tool: excel2doc-oci'] },
    packages: [
      {
        SPDXID: image,
        name,
        versionInfo: record.digest,
        downloadLocation: 'NOASSERTION',
        filesAnalyzed: false,
        primaryPackagePurpose: 'CONTAINER',
        checksums: [{ algorithm: 'SHA256', checksumValue: hexOf(record.digest) }],
      },
      ...described,
    ],
    ...(files.length > 0 && { files }),
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', image),
      ...described.map((item) => relationship(image, 'CONTAINS', item.SPDXID)),
      ...files.map((item) => relationship(image, 'GENERATED_FROM', item.SPDXID)),
    ],
  };
}

/** Letters, digits, dots and dashes only; the digest keeps what that maps together apart. */
function identifier(kind: string, text: string): string {
  const readable = text.replaceAll(/[^A-Za-z0-9.]+/g, '-').slice(0, 60);
  return `SPDXRef-${kind}-${readable}-${hexOf(digestOf(text)).slice(0, 12)}`;
}
