import { posix } from 'node:path';
import type { Declared, SaidOptions, SecretOptions } from '@excel2doc/stages';
import type { DeclaredContext } from './declared-contexts';

/** What a Compose file or a Bake file says about one build; paths are relative to the workspace. */
export interface DeclaredBuild {
  /** The file that says it. */
  file: string;
  /** Those that it is made of, where it includes or extends others. */
  files?: string[];
  /** Of the service or Bake target that is built. */
  name: string;
  dockerfile: string;
  context: string;
  buildArgs?: Record<string, string>;
  target?: string;
  platforms?: string[];
  secrets?: SecretOptions;
  /** What it says about the image. */
  declared?: Declared;
  /** What stands for images that the Dockerfile names, by name. */
  contexts?: Record<string, DeclaredContext>;
  /** It says neither a context nor a Dockerfile: it may be there for others to inherit. */
  isPlaceless?: true;
  /** What it says and is not carried out, as `labels` or `args.NAME`. */
  unread?: string[];
}

/** With what a Dockerfile is built. */
export interface BuildSettings {
  context?: string;
  buildArgs?: Record<string, string>;
  platforms?: string[];
  /** What they say of secrets, weakest first. */
  secrets?: SaidOptions[];
  /** The stage that becomes the image; default: the last one. */
  stage?: string;
  /** Stages that somebody asks for by name. */
  targets: string[];
  contexts?: Record<string, DeclaredContext>;
  /** What they say about the image. */
  declared?: Declared;
  /** The files that say so. */
  files: string[];
  /** What they say and is not carried out: `compose.yaml, api: labels`. */
  unread?: string[];
}

/** One way to build a Dockerfile, and the images that come of its stages. */
export interface Recipe {
  settings: BuildSettings;
  /** The services or Bake targets that its image is for; the first names it. */
  names: [string, ...string[]] | [];
  /** Images of other stages of the same build, and who asks for each. */
  others: OtherRecipe[];
}

/** The image of another stage, or of the same one that something else is said about. */
export interface OtherRecipe {
  names: [string, ...string[]];
  stage: string | undefined;
  declared: Declared | undefined;
}

/**
 * What the declarations of one Dockerfile come to: one recipe, or several where one file declares
 * builds that differ in context or arguments; other platforms are the same image. What only another
 * file says completes the first: who has a Bake file beside a Compose file says in one what the other
 * leaves out.
 */
export function recipes(builds: readonly DeclaredBuild[]): [Recipe, ...Recipe[]] {
  const [first] = builds;
  if (!first) return [{ settings: { targets: [], files: [] }, names: [], others: [] }];
  const own = builds.filter(({ file }) => file === first.file);
  const elsewhere = builds.filter(({ file }) => file !== first.file);
  const alike = new Map<string, DeclaredBuild[]>();
  for (const build of own) {
    const key = JSON.stringify([build.context, sorted(build.buildArgs), sorted(build.contexts)]);
    alike.set(key, [...(alike.get(key) ?? []), build]);
  }
  const [main = [], ...rest] = alike.values();
  return [recipe(main, elsewhere), ...rest.map((group) => recipe(group, []))];
}

const sorted = (args: Record<string, unknown> = {}) =>
  Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));

function recipe(group: readonly DeclaredBuild[], elsewhere: readonly DeclaredBuild[]): Recipe {
  const images = new Map<string, OtherRecipe>();
  for (const { target: stage, name, declared } of group) {
    const { labels, annotations } = declared ?? {};
    const key = JSON.stringify([stage, sorted(labels), annotations]);
    const known = images.get(key);
    if (known) known.names.push(name);
    else images.set(key, { names: [name], stage, declared });
  }
  const [main, ...others] = images.values();
  return { settings: merged([...group, ...elsewhere]), names: main?.names ?? [], others };
}

/** The first declaration that has something to say counts, but every target is kept. */
function merged(builds: readonly DeclaredBuild[]): BuildSettings {
  const first = <K extends 'context' | 'buildArgs' | 'platforms' | 'contexts'>(key: K) =>
    builds.find((build) => build[key] !== undefined)?.[key];
  const [context, buildArgs, platforms, contexts] = [
    first('context'),
    first('buildArgs'),
    first('platforms'),
    first('contexts'),
  ];
  const elsewhere = builds.find(({ file }) => file !== builds[0]?.file);
  // Another image of the same file has its own.
  const declared = builds[0]?.declared ?? elsewhere?.declared;
  const stage = builds[0]?.target ?? elsewhere?.target;
  // Sources say nothing about an image: each file adds what the ones before it leave out.
  const secrets = builds
    .toReversed()
    .flatMap(({ file, name, secrets: options }) =>
      options ? { options, by: `${file}, ${name}` } : [],
    );
  const unread = builds.flatMap(({ file, name, unread = [] }) =>
    unread.map((key) => `${file}, ${name}: ${key}`),
  );
  return {
    ...(context !== undefined && { context }),
    ...(buildArgs && { buildArgs }),
    ...(platforms && { platforms }),
    ...(secrets.length > 0 && { secrets }),
    ...(contexts && { contexts }),
    ...(declared && { declared }),
    ...(stage !== undefined && { stage }),
    ...(unread.length > 0 && { unread }),
    targets: [...new Set(builds.flatMap(({ target }) => target ?? []))].sort(),
    files: [...new Set(builds.flatMap(({ file, files = [] }) => [file, ...files]))].sort(),
  };
}

/**
 * Where a declaration's paths lead, or undefined where they lead out of the workspace or to a
 * repository in the network.
 *
 * @param folder of the file that declares, relative to the workspace
 */
export function declaredPaths(
  folder: string,
  context = '.',
  dockerfile = 'Dockerfile',
): { context: string; dockerfile: string } | undefined {
  if (/^[a-z+]+:\/\/|^git@|^[^/]+\.git(#|$)/.test(context)) return undefined;
  const contextPath = posix.normalize(posix.join(folder, context)).replace(/(?<=.)\/$/, '');
  const dockerfilePath = posix.join(contextPath, dockerfile);
  const isInside = (path: string) => !path.startsWith('../') && path !== '..';
  if (posix.isAbsolute(context) || posix.isAbsolute(dockerfile)) return undefined;
  if (!isInside(contextPath) || !isInside(dockerfilePath)) return undefined;
  return { context: contextPath, dockerfile: dockerfilePath };
}
