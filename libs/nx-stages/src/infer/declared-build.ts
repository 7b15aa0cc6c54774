import { posix } from 'node:path';

/** What a Compose file or a Bake file says about one build; paths are relative to the workspace. */
export interface DeclaredBuild {
  /** The file that says it. */
  file: string;
  dockerfile: string;
  context: string;
  buildArgs?: Record<string, string>;
  target?: string;
  platforms?: string[];
}

/** What all declarations of one Dockerfile come to. */
export interface BuildSettings {
  context?: string;
  buildArgs?: Record<string, string>;
  platforms?: string[];
  /** Stages that somebody asks for by name. */
  targets: string[];
  /** The files that say so. */
  files: string[];
}

/** The first declaration that has something to say counts, but every target is kept. */
export function mergeDeclared(builds: readonly DeclaredBuild[]): BuildSettings {
  const first = <K extends 'context' | 'buildArgs' | 'platforms'>(key: K) =>
    builds.find((build) => build[key] !== undefined)?.[key];
  const [context, buildArgs, platforms] = [
    first('context'),
    first('buildArgs'),
    first('platforms'),
  ];
  return {
    ...(context !== undefined && { context }),
    ...(buildArgs && { buildArgs }),
    ...(platforms && { platforms }),
    targets: [...new Set(builds.flatMap(({ target }) => target ?? []))].sort(),
    files: [...new Set(builds.map(({ file }) => file))].sort(),
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
