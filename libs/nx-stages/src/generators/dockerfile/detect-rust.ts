import { posix } from 'node:path';
import { GeneratorError } from '../generator-error';
import type { ProjectFacts, ProjectFiles } from './project-kind';

/** The newest stable one. */
const DEFAULT_VERSION = '1';

/** Crates that link with a library of the system, what they link with, and the crate that brings it along. */
const LINKED: [crate: string, debian: string, bundled: string][] = [
  ['openssl-sys', 'libssl3', 'openssl-src'],
  ['pq-sys', 'libpq5', 'pq-src'],
  ['mysqlclient-sys', 'libmariadb3', 'mysqlclient-src'],
];

/** Rust: the toolchain file says the version, the manifests which program is meant. */
export function rustFacts(files: ProjectFiles, root: string): ProjectFacts {
  const { name, folder } = programOf(files, root);
  const crates = new Set(
    [...(files.read('Cargo.lock') ?? '').matchAll(/^name = "([^"]+)"/gm)].map(([, crate]) => crate),
  );
  const packages = LINKED.filter(([crate, , bundled]) => crates.has(crate) && !crates.has(bundled));
  return {
    kind: 'rust',
    version: toolchain(files, root),
    command: [`/usr/local/bin/${name}`],
    manifests: ['Cargo.lock'],
    program: name,
    detail: folder,
    ...(packages.length > 0 && { systemPackages: packages.map(([, debian]) => debian) }),
    // The only framework that listens somewhere by itself.
    ...(crates.has('rocket') && { port: 8000, environment: ['ROCKET_ADDRESS=0.0.0.0'] }),
  };
}

function toolchain(files: ProjectFiles, root: string): string {
  const names = ['rust-toolchain.toml', 'rust-toolchain'];
  const file = names.find((name) => files.has(name));
  if (file === undefined) return DEFAULT_VERSION;
  const text = files.read(file) ?? '';
  // The older form is the channel's name and no more.
  const channel = text.includes('[toolchain]') ? (field(text, 'channel') ?? 'stable') : text.trim();
  if (/^\d+\.\d+(\.\d+)?$/.test(channel)) return channel;
  if (/^stable\b/.test(channel)) return DEFAULT_VERSION;
  throw new GeneratorError(
    `${root}: ${file} wants ${channel}, of which there is no official image`,
    'Name a stable release there, such as 1.85.0',
  );
}

interface Program {
  name: string;
  /** Of its package, relative to the project. */
  folder: string;
}

/** The only program of the project's packages, or the one that is run by default. */
function programOf(files: ProjectFiles, root: string): Program {
  const folders = ['.', ...members(files)];
  const main = field(section(files.read('Cargo.toml'), 'package'), 'default-run');
  if (main !== undefined) return { name: main, folder: '.' };
  const programs = folders.flatMap((folder) =>
    programNames(files, folder).map((name) => ({ name, folder })),
  );
  const [first, ...others] = programs;
  if (first && others.length === 0) return first;
  const names = programs.map(({ name }) => name).join(', ');
  throw new GeneratorError(
    first
      ? `${root}: Cargo.toml has several programs (${names})`
      : `${root}: Cargo.toml has no program (src/main.rs, src/bin or [[bin]])`,
    first
      ? 'Say which one is meant by default-run in [package] of Cargo.toml'
      : 'Run the generator on a project that has one',
  );
}

/** The packages of a workspace; `*` may stand for the last folder of a path. */
function members(files: ProjectFiles): string[] {
  const text = section(files.read('Cargo.toml'), 'workspace');
  const list = /^\s*members\s*=\s*\[([^\]]*)\]/m.exec(text)?.[1] ?? '';
  const paths = [...list.matchAll(/["']([^"']+)["']/g)].map(([, path]) => posix.normalize(path!));
  const found = paths.flatMap((path) => {
    if (posix.basename(path) !== '*') return [path];
    const parent = posix.dirname(path);
    return files.list(parent === '.' ? '' : parent).map((name) => posix.join(parent, name));
  });
  return found.filter((folder) => folder !== '.' && files.has(posix.join(folder, 'Cargo.toml')));
}

/** @see https://doc.rust-lang.org/cargo/reference/cargo-targets.html#target-auto-discovery */
function programNames(files: ProjectFiles, folder: string): string[] {
  const at = (path: string) => posix.join(folder, path);
  const text = files.read(at('Cargo.toml')) ?? '';
  const own = field(section(text, 'package'), 'name');
  if (own === undefined) return [];
  const named = text
    .split(/^(?=\s*\[)/m)
    .filter((part) => part.trimStart().startsWith('[[bin]]'))
    .map((part) => ({ name: field(part, 'name'), path: field(part, 'path') }));
  const inFolder = files.list(at('src/bin')).flatMap((entry): [string, string][] => {
    if (entry.endsWith('.rs')) return [[entry.slice(0, -'.rs'.length), `src/bin/${entry}`]];
    const path = `src/bin/${entry}/main.rs`;
    return files.has(at(path)) ? [[entry, path]] : [];
  });
  const found: [string, string][] = [
    ...(files.has(at('src/main.rs')) ? [[own, 'src/main.rs'] as [string, string]] : []),
    ...inFolder,
  ];
  const others = found
    .filter(([, path]) => !named.some((each) => each.path === path))
    .map(([name]) => name);
  return [...new Set([...named.flatMap(({ name }) => name ?? []), ...others])];
}

/** Of TOML: what stands below the heading `[name]`. */
function section(text = '', name: string): string {
  const parts = text.split(/^(?=\s*\[)/m);
  return parts.find((part) => part.trimStart().startsWith(`[${name}]`)) ?? '';
}

function field(text: string, name: string): string | undefined {
  return new RegExp(`^\\s*${name}\\s*=\\s*["']([^"']+)["']`, 'm').exec(text)?.[1];
}
