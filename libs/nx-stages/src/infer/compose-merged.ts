import { posix } from 'node:path';
import type { ComposeBuild, ComposeModel, ComposeSecret, ComposeService } from './compose-file';
import { withDefaults } from './with-defaults';

/** A Compose file's text as data. @throws Error where there is none, or it is no Compose file */
export type ReadCompose = (file: string) => ComposeModel;

/** The services of Compose files as Compose merges them, with all that they include and extend. */
export interface MergedCompose {
  model: ComposeModel;
  /** Every file that was read, as it is named: relative to the workspace. */
  files: string[];
}

/**
 * What Compose makes of several files that are given together. Paths are rewritten so that each is
 * meant from the folder of the first.
 *
 * @param files relative to the workspace; later ones are laid over earlier ones
 * @throws as `read` does
 * @see https://docs.docker.com/reference/compose-file/merge/
 */
export function mergedCompose(
  files: readonly [string, ...string[]],
  read: ReadCompose,
): MergedCompose {
  const folder = posix.dirname(files[0]);
  const merger = new Merger(read, folder);
  const services = merger.services(files, folder, []);
  return { model: { services, secrets: merger.secrets }, files: [...merger.seen] };
}

type Services = ComposeModel['services'];

class Merger {
  readonly seen = new Set<string>();
  /** Those of all files, by name. */
  readonly secrets: Record<string, ComposeSecret | null> = {};

  constructor(
    private readonly read: ReadCompose,
    /** That of the first file: from there all paths are meant in the end. */
    private readonly home: string,
  ) {}

  /** @param folder from which paths in the files are meant */
  services(files: readonly string[], folder: string, above: readonly string[]): Services {
    return files.reduce<Services>((all, file) => {
      const own = this.ofFile(file, folder, above);
      const merged = { ...all };
      for (const [name, service] of Object.entries(own))
        merged[name] = merge(all[name] ?? null, service);
      return merged;
    }, {});
  }

  private ofFile(file: string, folder: string, above: readonly string[]): Services {
    if (above.includes(file)) throw new Error(`${file} includes or extends itself`);
    this.seen.add(file);
    const { services, include = [], secrets = {} } = this.read(file);
    for (const [name, secret] of Object.entries(secrets ?? {}))
      this.secrets[name] = this.secretFrom(folder, secret);
    const inner = [...above, file];
    const included = include.map((each) => {
      const { path, project_directory: at } = typeof each === 'string' ? { path: each } : each;
      const paths = [path].flat().map((one) => posix.join(folder, textOf(one, file)));
      const own = at === undefined ? posix.dirname(paths[0] ?? file) : posix.join(folder, at);
      return this.services(paths, own, inner);
    });
    const extended = Object.entries(services ?? {}).map(
      ([name, service]) =>
        [name, this.extended({ file, folder, services }, name, service, inner)] as const,
    );
    return { ...Object.assign({}, ...included), ...Object.fromEntries(extended) };
  }

  private secretFrom(folder: string, secret: ComposeSecret | null): ComposeSecret | null {
    const path = typeof secret?.file === 'string' ? withDefaults(secret.file) : null;
    if (path === null || /^[/~]/.test(path)) return secret;
    return { ...secret, file: posix.relative(this.home, posix.join(folder, path)) };
  }

  private extended(
    here: { file: string; folder: string; services: Services },
    name: string,
    service: ComposeService | null,
    above: readonly string[],
  ): ComposeService | null {
    const { folder, services, file } = here;
    const own = rebased(service, (path) => posix.relative(this.home, posix.join(folder, path)));
    const from = service?.extends;
    if (from === undefined) return own;
    const { service: base, file: other } =
      typeof from === 'string' ? { service: from, file: undefined } : from;
    if (other === undefined) {
      if (above.includes(`${file} ${name}`)) throw new Error(`${file}: ${name} extends itself`);
      const deeper = [...above, `${file} ${name}`];
      return merge(this.extended(here, base, services[base] ?? null, deeper), own);
    }
    const path = posix.join(folder, textOf(other, file));
    const others = this.services([path], posix.dirname(path), above);
    return merge(others[base] ?? null, own);
  }
}

function textOf(path: string, file: string): string {
  const text = withDefaults(path);
  if (text === null || /^[\w+.-]+:|\.git(#|$)/.test(text))
    throw new Error(`${file} includes or extends ${path}, which is no file of the workspace`);
  return text;
}

/** One service laid over another. */
function merge(base: ComposeService | null, own: ComposeService | null): ComposeService | null {
  if (!base || !own) return own ?? base;
  const builds = [base.build, own.build].map((each) =>
    typeof each === 'string' ? { context: each } : each,
  );
  const [below, above] = builds;
  const build = below && above ? mergedBuild(below, above) : (above ?? below);
  return { ...base, ...own, ...(build && { build }) };
}

function mergedBuild(base: ComposeBuild, own: ComposeBuild): ComposeBuild {
  const maps = (['args', 'additional_contexts', 'labels'] as const).flatMap((key) => {
    const both = { ...mapOf(base[key]), ...mapOf(own[key]) };
    return Object.keys(both).length > 0 ? [[key, both] as const] : [];
  });
  const lists = (['platforms', 'secrets', 'ssh'] as const).flatMap((key) => {
    const [below, above] = [base[key], own[key]];
    if (!Array.isArray(below) || !Array.isArray(above)) return [];
    return [[key, [...new Set<unknown>([...below, ...above])]] as const];
  });
  return { ...base, ...own, ...Object.fromEntries(maps), ...Object.fromEntries(lists) };
}

/** `a=b` in a list is `a: b`. */
function mapOf(value: ComposeBuild['args']): Record<string, string | number | boolean | null> {
  if (!Array.isArray(value)) return value ?? {};
  return Object.fromEntries(
    value.map((each) => {
      const at = each.indexOf('=');
      return at < 0 ? [each, null] : [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}

/** With the paths of its build moved; an address in the network, or of another service, stays. */
function rebased(
  service: ComposeService | null,
  move: (path: string) => string,
): ComposeService | null {
  const { build, ...rest } = service ?? {};
  if (build === undefined || !service) return service;
  const given: ComposeBuild = typeof build === 'string' ? { context: build } : build;
  const moved = (path: string) => {
    const text = withDefaults(path);
    const isPath = text !== null && !/^[\w+.-]+:|^[\w.-]+@|\.git(#|$)|^\//.test(text);
    return isPath ? move(text) || '.' : path;
  };
  const layout = (text: string) => {
    const path = /^oci-layout:\/\/(?!\/)(.+)$/.exec(text)?.[1];
    return path === undefined ? moved(text) : `oci-layout://${move(path)}`;
  };
  const others = Object.entries(mapOf(given.additional_contexts)).map(
    ([name, value]) => [name, layout(String(value))] as const,
  );
  return {
    ...rest,
    build: {
      ...given,
      ...(given.context !== undefined && { context: moved(given.context) }),
      ...(others.length > 0 && { additional_contexts: Object.fromEntries(others) }),
    },
  };
}
