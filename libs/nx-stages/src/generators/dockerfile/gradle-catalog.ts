/** Where Gradle looks for the catalog that it calls `libs`. */
export const CATALOG = 'gradle/libs.versions.toml';

/**
 * The text of a build file with what it names by the catalog written out: `alias(libs.plugins.x)` becomes
 * `id("…") version "…"`. What the catalog does not have stays.
 *
 * @see https://docs.gradle.org/current/userguide/version_catalogs.html
 */
export function withCatalog(text: string, catalog: string): string {
  const { plugins, versions, libraries, bundles } = read(catalog);
  return text
    .replaceAll(/\blibs\.plugins\.([\w.]+?)\.get\(\)\.pluginId\b/g, (all, name: string) =>
      quoted(plugins.get(name)?.id, all),
    )
    .replaceAll(/\balias\s*\(?\s*libs\.plugins\.([\w.]+)\s*\)?/g, (all, name: string) => {
      const { id, version } = plugins.get(name) ?? {};
      if (id === undefined) return all;
      return `id("${id}")${version === undefined ? '' : ` version "${version}"`}`;
    })
    .replaceAll(/\blibs\.versions\.([\w.]+?)\.get\(\)(?:\.toInt\(\))?/g, (all, name: string) =>
      quoted(versions.get(name), all),
    )
    .replaceAll(
      /\blibs\.bundles\.([\w.]+)/g,
      (all, name: string) =>
      quoted(bundles.get(name)?.map((each) => libraries.get(each)).join(' '), all), // prettier-ignore
    )
    .replaceAll(/\blibs\.([\w.]+)/g, (all, name: string) => quoted(libraries.get(name), all));
}

const quoted = (value: string | undefined, otherwise: string) =>
  value === undefined ? otherwise : `"${value}"`;

/** All by their names as a build file writes them: with dots. */
function read(catalog: string) {
  const versions = new Map(
    entries(catalog, 'versions').map(([name, value]) => [name, firstString(value)]),
  );
  const versionOf = (value: string) => {
    const named = fieldOf(value, 'version\\.ref') ?? /\bref\s*=\s*["']([^"']+)/.exec(value)?.[1];
    return named === undefined ? fieldOf(value, 'version') : versions.get(dotted(named));
  };
  const plugins = entries(catalog, 'plugins').map(([name, value]) => {
    const [id, version] = firstString(value).split(':');
    const plugin = { id: fieldOf(value, 'id') ?? id, version: versionOf(value) ?? version };
    return [name, plugin] as const;
  });
  const libraries = entries(catalog, 'libraries').map(([name, value]) => {
    const parts = [fieldOf(value, 'group'), fieldOf(value, 'name')];
    const module = parts.every((part) => part !== undefined) ? parts.join(':') : firstString(value);
    return [name, module] as const;
  });
  const bundles = entries(catalog, 'bundles').map(([name, value]) => {
    const members = [...value.matchAll(/["']([^"']+)["']/g)].map(([, each]) => dotted(each!));
    return [name, members] as const;
  });
  return {
    versions,
    plugins: new Map(plugins),
    libraries: new Map(libraries),
    bundles: new Map(bundles),
  };
}

/** Of a table: names, and the text of their values. */
function entries(catalog: string, table: string): [name: string, value: string][] {
  const text = catalog.replaceAll(/^\s*#.*$/gm, '');
  const part = text
    .split(/^(?=\s*\[\w)/m)
    .find((each) => new RegExp(`^\\s*\\[${table}\\]`).test(each));
  const list = /^\s*["']?([\w.-]+?)["']?\s*=\s*(\[[^\]]*\]|.*)/gm;
  return [...(part ?? '').matchAll(list)].map(([, name, value]) => [dotted(name!), value!]);
}

const dotted = (alias: string) => alias.replaceAll(/[-_]/g, '.');
const firstString = (value: string) => /["']([^"']*)["']/.exec(value)?.[1] ?? '';
const fieldOf = (value: string, name: string) =>
  new RegExp(`(?:^|[{,])\\s*${name}\\s*=\\s*["']([^"']+)["']`).exec(value)?.[1];
