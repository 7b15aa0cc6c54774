/** Packages that a path alone tells. */

/**
 * The npm package that a path lies in: the innermost one, and in pnpm's store its entry there, without
 * the version. The store's links to all packages (`.pnpm/node_modules`) belong to none: each package
 * that is added changes them.
 */
export function npmPackageOf(path: string): string | undefined {
  const pnpm = /^((?:.*?\/)?node_modules)\/\.pnpm\/([^/]+)\/./.exec(path);
  if (pnpm) {
    if (pnpm[2] === 'node_modules') return undefined;
    // `@scope+name@1.0.0_peer@2`: the version starts at the first @ that is not the scope's.
    const name = pnpm[2]!.replace(/^(.[^@]*)@.*$/, '$1').replace('+', '/');
    return `npm:${pnpm[1]}/${name}`;
  }
  const match = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/.@][^/]*)(?:\/|$)/.exec(path);
  return match ? `npm:${match[1]}` : undefined;
}

/** `lib/spring-core-6.1.2.jar`, without its version. */
export function jarOf(path: string): string | undefined {
  if (!path.endsWith('.jar')) return undefined;
  return `jar:${path.slice(0, -'.jar'.length).replace(/-\d[^/]*$/, '')}`;
}

/** The folder whose modules.txt a path is: that of Go's vendored modules. */
export function vendorFolderOf(path: string): string | undefined {
  return /^(?:.*\/)?vendor(?=\/modules\.txt$)/.exec(path)?.[0];
}

/** The modules that a vendor/modules.txt names: lines `# example.com/module v1.2.3`. */
export function vendoredModules(text: string): string[] {
  return text.split('\n').flatMap((line) => /^# ([^\s=]+)(?: |$)/.exec(line)?.[1] ?? []);
}

/** The module that a path below the vendor folder belongs to: the longest that is above it. */
export function moduleOf(path: string, modules: ReadonlySet<string>): string | undefined {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const folder = path.slice(0, end);
    if (modules.has(folder)) return folder;
  }
  return undefined;
}
