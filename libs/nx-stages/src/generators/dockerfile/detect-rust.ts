import { posix } from 'node:path';
import { GeneratorError } from '../generator-error';
import {
  type Manifest,
  defaultMembers,
  field,
  isOutside,
  isWorkspace,
  leavesOut,
  manifestAt,
  manifestsOf,
  section,
  sections,
} from './cargo-manifest';
import { type ProjectFacts, type ProjectFiles, foldersAbove } from './project-kind';
import { cratesOf, librariesOf } from './rust-libraries';

/** The newest stable one. */
const DEFAULT_VERSION = '1';

/** Rust: the toolchain file says the version, the manifests which program is meant. */
export function rustFacts(files: ProjectFiles, root: string): ProjectFacts {
  const manifests = manifestsOf(files);
  if (/\bworkspace\s*=\s*true\b/.test(manifests[0]?.text ?? '')) refuseMember(files, root);
  refuseOutside(files, manifests, root);
  const { name, folder } = programOf(files, root, manifests);
  const lock = files.read('Cargo.lock') ?? '';
  const systemPackages = librariesOf(lock, manifests);
  return {
    kind: 'rust',
    version: toolchain(files, root),
    command: [`/usr/local/bin/${name}`],
    manifests: ['Cargo.lock'],
    program: name,
    detail: folder,
    ...(systemPackages.length > 0 && { systemPackages }),
    // The only framework that listens somewhere by itself.
    ...(cratesOf(lock).has('rocket') && { port: 8000, environment: ['ROCKET_ADDRESS=0.0.0.0'] }),
  };
}

/**
 * A package below a workspace is built in that one, whose lock file and settings it takes.
 *
 * @throws GeneratorError where there is one
 */
export function refuseMember(files: ProjectFiles, root: string): void {
  if (isWorkspace(manifestAt(files, '.').text)) return;
  const found = foldersAbove(root)
    .map((folder) => manifestAt(files, folder))
    .find(({ text }) => isWorkspace(text));
  if (found === undefined) return;
  const folder = posix.join(root, found.folder);
  const own = posix.relative(folder, root);
  if (leavesOut(found, own)) return;
  throw new GeneratorError(
    `${root}: Cargo builds it in the workspace of ${posix.join(folder, 'Cargo.toml')}, which the image of ${root} alone does not have`,
    `Run the generator on the project in ${folder}, with "${own}" in members and default-members of [workspace]; or take it out of members there, put "${own}" in exclude, run \`cargo generate-lockfile\` in ${root}, and try again`,
  );
}

/** The image is built of the project's folder and nothing else, with all that its packages need there. */
function refuseOutside(files: ProjectFiles, manifests: readonly Manifest[], root: string): void {
  const found = new Map(manifests.map((manifest) => [manifest.folder, manifest]));
  for (const [folder, manifest] of found) {
    const paths = pathsOf(manifest);
    const outside = paths.find((path) => isOutside(within(folder, path)));
    for (const path of paths.map((each) => within(folder, each))) {
      if (!isOutside(path) && !found.has(path)) found.set(path, manifestAt(files, path));
    }
    if (!isOutside(folder) && outside === undefined) continue;
    const file = posix.join(root, folder, 'Cargo.toml');
    throw new GeneratorError(
      outside === undefined || isOutside(folder)
        ? `${root}: Cargo.toml has a member in ${posix.join(root, folder)}, outside the folder that the image is built of`
        : `${file} needs ${outside}, outside the folder that the image is built of (${root})`,
      'Run the generator on a project whose folder holds both, with a Cargo.toml that has them as members of its [workspace]',
    );
  }
}

/** What a package needs by its path: other packages, and sources that stand elsewhere than usual. */
function pathsOf({ text }: Manifest): string[] {
  const used = sections(text).filter((part) => !/^\s*\[[^\]]*\bmetadata\b/.test(part));
  return [...used.join('').matchAll(/\bpath\s*=\s*["']([^"']+)["']/g)].map(([, path]) => path!);
}

const within = (folder: string, path: string) =>
  path.startsWith('/') ? path : posix.join(folder, path).replace(/(?<=.)\/$/, '');

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
function programOf(files: ProjectFiles, root: string, manifests: readonly Manifest[]): Program {
  const chosen = defaultMembers(files);
  const wanted = manifests.filter(({ folder }) => chosen.length === 0 || chosen.includes(folder));
  const [main] = wanted;
  const said = main?.folder === '.' ? defaultRun(main) : undefined;
  if (said !== undefined) return { name: said, folder: '.' };
  const programs = wanted.flatMap((manifest) => {
    const names = [defaultRun(manifest) ?? programNames(files, manifest)].flat();
    return names.map((name) => ({ name, folder: manifest.folder }));
  });
  const [first, ...others] = programs;
  if (first && others.length === 0) return first;
  const names = programs.map(({ name }) => name).join(', ');
  const isOnePackage = programs.every(({ folder }) => folder === first?.folder);
  throw new GeneratorError(
    first
      ? `${root}: Cargo.toml has several programs (${names})`
      : `${root}: Cargo.toml has no program (src/main.rs, src/bin or [[bin]])`,
    first
      ? isOnePackage
        ? `Say which one is meant by default-run in [package] of ${posix.join(first.folder, 'Cargo.toml')}`
        : 'Name the package of the one that is meant in default-members of [workspace]'
      : 'Run the generator on a project that has one',
  );
}

const defaultRun = ({ text }: Manifest) => field(section(text, 'package'), 'default-run');

/** @see https://doc.rust-lang.org/cargo/reference/cargo-targets.html#target-auto-discovery */
function programNames(files: ProjectFiles, { folder, text }: Manifest): string[] {
  const at = (path: string) => posix.join(folder, path);
  const own = field(section(text, 'package'), 'name');
  if (own === undefined) return [];
  const named = sections(text)
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
