import { posix } from 'node:path';
import type { ProjectFiles } from './project-kind';

/** A Cargo.toml without its comments. */
export interface Manifest {
  /** Of its package, relative to the project. */
  folder: string;
  text: string;
}

/** Those of a project: its own, then those of the workspace's members. */
export function manifestsOf(files: ProjectFiles): Manifest[] {
  const own = manifestAt(files, '.');
  const folders = listed(files, own, 'members').filter((folder) => folder !== '.');
  return [own, ...folders.map((folder) => manifestAt(files, folder))];
}

/** Whether a Cargo.toml is that of a workspace. */
export const isWorkspace = (text: string) => /^\s*\[workspace[\].]/m.test(text);

/** Whether the workspace of a manifest leaves the package in `folder` out: one that it names itself stays. */
export function leavesOut({ text }: Manifest, folder: string): boolean {
  const names = (list: string) =>
    paths(text, list).some((path) => folder === path || folder.startsWith(`${path}/`));
  return names('exclude') && !names('members');
}

/** Where Cargo looks first in a workspace, if it says so. */
export function defaultMembers(files: ProjectFiles): string[] {
  return listed(files, manifestAt(files, '.'), 'default-members');
}

/** That of the package in `folder`; empty where there is none. */
export function manifestAt(files: ProjectFiles, folder: string): Manifest {
  const text = files.read(posix.join(folder, 'Cargo.toml')) ?? '';
  return { folder, text: text.replaceAll(/^\s*#.*$/gm, '') };
}

/** Packages that `[workspace]` lists; `*` may stand for the last folder of a path. */
function listed(files: ProjectFiles, { text }: Manifest, name: string): string[] {
  const found = paths(text, name).flatMap((path) => {
    if (posix.basename(path) !== '*') return [path];
    const parent = posix.dirname(path);
    return files.list(parent === '.' ? '' : parent).map((name) => posix.join(parent, name));
  });
  return found.filter((folder) => isOutside(folder) || files.has(posix.join(folder, 'Cargo.toml')));
}

function paths(text: string, name: string): string[] {
  const list = new RegExp(`^\\s*${name}\\s*=\\s*\\[([^\\]]*)\\]`, 'm');
  const inside = list.exec(section(text, 'workspace'))?.[1] ?? '';
  return [...inside.matchAll(/["']([^"']+)["']/g)].map(([, path]) => plain(path!));
}

/** Of a path in a project. */
export const isOutside = (path: string) => /^\.\.(?:\/|$)|^\//.test(path);

const plain = (path: string) => posix.normalize(path).replace(/(?<=.)\/$/, '');

/** Of TOML: what stands below each heading, with the heading. */
export function sections(text: string): string[] {
  return text.split(/^(?=\s*\[)/m);
}

/** What stands below the heading `[name]`. */
export function section(text: string, name: string): string {
  return sections(text).find((part) => part.trimStart().startsWith(`[${name}]`)) ?? '';
}

/** The string of a field. */
export function field(text: string, name: string): string | undefined {
  return new RegExp(`^\\s*${name}\\s*=\\s*["']([^"']+)["']`, 'm').exec(text)?.[1];
}
