import { posix } from 'node:path';
import type { Contents } from '../tree/contents';
import type { Inode, Tree } from '../tree/tree';

export interface InstalledPackage {
  kind: 'deb' | 'pypi';
  name: string;
  version: string;
  /** As its metadata states it; not an SPDX expression by need. */
  license?: string;
  architecture?: string;
  /** The Debian source package. */
  source?: string;
}

/** Debian's and Python's packages in an image, each once, by kind, name and version. */
export async function findPackages(tree: Tree, contents: Contents): Promise<InstalledPackage[]> {
  const wanted: { kind: InstalledPackage['kind']; inode: Inode }[] = [];
  for (const [path, { inode }] of tree.walk()) {
    if (inode.type !== 'file') continue;
    if (isDpkgStatus(path)) wanted.push({ kind: 'deb', inode });
    else if (isPythonMetadata(path)) wanted.push({ kind: 'pypi', inode });
  }
  await contents.prepare(wanted.map(({ inode }) => inode));
  const found = new Map<string, InstalledPackage>();
  for (const { kind, inode } of wanted) {
    const text = (await contents.readWhole(inode)).toString('utf8');
    const packages = kind === 'deb' ? debianPackages(text) : [pythonPackage(text)];
    for (const item of packages) {
      if (item) found.set([item.kind, item.name, item.version, item.architecture].join(' '), item);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** `status`, or in distroless images a file for each package in `status.d`. */
function isDpkgStatus(path: string): boolean {
  return (
    path === 'var/lib/dpkg/status' ||
    (/^var\/lib\/dpkg\/status\.d\/[^/]+$/.test(path) && !path.endsWith('.md5sums'))
  );
}

function isPythonMetadata(path: string): boolean {
  const folder = posix.basename(posix.dirname(path));
  const name = posix.basename(path);
  if (name === 'METADATA') return folder.endsWith('.dist-info');
  return name === 'PKG-INFO' ? folder.endsWith('.egg-info') : name.endsWith('.egg-info');
}

/** @see deb-control(5), dpkg-query(1): what is not installed is listed too, with its config files */
function debianPackages(text: string): InstalledPackage[] {
  return text.split(/\n\s*\n/).flatMap((paragraph): InstalledPackage[] => {
    const {
      Package: name,
      Version: version,
      Status: status,
      Architecture: architecture,
      Source: source,
    } = fields(paragraph);
    if (!name || !version || (status !== undefined && !/ installed$/.test(status))) return [];
    return [
      {
        kind: 'deb',
        name,
        version,
        ...(architecture && { architecture }),
        ...(source && { source: source.split(' ')[0]! }),
      },
    ];
  });
}

/** @see Core metadata specifications (PyPA): the header ends at the first empty line */
function pythonPackage(text: string): InstalledPackage | null {
  const header = fields(text.split(/\r?\n\r?\n/)[0]!);
  const { Name: name, Version: version } = header;
  if (!name || !version) return null;
  const license = header['License-Expression'] ?? header['License'];
  return { kind: 'pypi', name, version, ...(license && license !== 'UNKNOWN' && { license }) };
}

/** The first of each field; lines that go on are left out. */
function fields(text: string): Record<string, string | undefined> {
  const found: Record<string, string> = {};
  for (const [, key, value] of text.matchAll(/^([A-Za-z][\w-]*):[ \t]*(.*?)\r?$/gm))
    found[key!] ??= value!;
  return found;
}

/** @see package-url/purl-spec */
export function packageUrl(item: InstalledPackage, distribution?: string): string {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');
  if (item.kind === 'pypi') {
    const name = item.name.toLowerCase().replaceAll(/[-_.]+/g, '-');
    return `pkg:pypi/${encode(name)}@${encode(item.version)}`;
  }
  const qualifiers = [
    ...(item.architecture ? [`arch=${encode(item.architecture)}`] : []),
    ...(distribution ? [`distro=${encode(distribution)}`] : []),
  ].join('&');
  return `pkg:deb/debian/${encode(item.name)}@${encode(item.version)}${qualifiers && `?${qualifiers}`}`;
}
