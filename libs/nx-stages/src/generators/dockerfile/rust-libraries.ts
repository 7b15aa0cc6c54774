import { type Manifest, sections } from './cargo-manifest';

interface Linked {
  crate: string;
  debian: string;
  /** The crate that brings it along. */
  bundle?: string;
  /** What the crate itself needs where it compiles the library that it brings along. */
  compiler?: string;
}

/** Crates that link with a library of the system, which the image that compiles them has. */
const LINKED: Linked[] = [
  { crate: 'openssl-sys', debian: 'libssl3', bundle: 'openssl-src' },
  { crate: 'pq-sys', debian: 'libpq5', bundle: 'pq-src' },
  { crate: 'mysqlclient-sys', debian: 'libmariadb3', bundle: 'mysqlclient-src' },
  { crate: 'libsqlite3-sys', debian: 'libsqlite3-0', compiler: 'cc' },
  // Whether it is linked statically stands in no lock file.
  { crate: 'curl-sys', debian: 'libcurl4' },
];

/**
 * Debian packages that a program of these crates may be linked with. One too many costs its size, one too
 * few the program.
 */
export function librariesOf(lock: string, manifests: readonly Manifest[]): string[] {
  const crates = cratesOf(lock);
  // In a workspace another package may be what brings it along, for itself.
  const isSure = manifests.length === 1 && manifests.every(bundlesAlways);
  const isBundled = ({ crate, bundle, compiler }: Linked) =>
    isSure &&
    ((bundle !== undefined && crates.has(bundle)) ||
      (compiler !== undefined && crates.get(crate)!.includes(compiler)));
  return LINKED.filter((each) => crates.has(each.crate) && !isBundled(each)).map(
    ({ debian }) => debian,
  );
}

/** The crates of a Cargo.lock, and what each depends on. */
export function cratesOf(lock: string): Map<string, string[]> {
  const packages = lock.split(/^\[\[package\]\]$/m).flatMap((text): [string, string[]][] => {
    const name = /^name = "([^"]+)"/m.exec(text)?.[1];
    const list = /^dependencies = \[([^\]]*)\]/m.exec(text)?.[1] ?? '';
    const names = [...list.matchAll(/"([^" ]+)/g)].map(([, each]) => each!);
    return name === undefined ? [] : [[name, names]];
  });
  return new Map(packages);
}

const ASKS = /vendored|bundled|-src\b/;

/**
 * A lock file holds what any feature of the package asks for, also one that nobody turns on, and what its
 * tests need: only a plain dependency brings its library along in every build.
 */
function bundlesAlways({ text }: Manifest): boolean {
  if (text.includes('bundled-windows')) return false;
  const asking = sections(text).filter((part) => ASKS.test(part));
  return asking.every((part) => {
    if (/^\s*\[dependencies\./.test(part)) return !isOptional(part);
    const lists = part.replaceAll(/= *\[[^\]]*\]/g, (list) => list.replaceAll('\n', ' '));
    const entries = lists.split('\n').filter((entry) => ASKS.test(entry));
    return /^\s*\[dependencies\]/.test(part) && !entries.some(isOptional);
  });
}

const isOptional = (text: string) => /\boptional\s*=\s*true\b/.test(text);
