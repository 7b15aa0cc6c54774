import { readFileSync } from 'node:fs';
import { dirname, posix, relative } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { hiddenPaths } from '@excel2doc/dockerfile';
import {
  contextFolders,
  type DockerOptions,
  type DockerProject,
  type KeyedPlan,
  leftOutOf,
  platformFolder,
  stageFolder,
} from '@excel2doc/stages';
import { stagesOf } from '../../infer/stages';

/** Which paths are looked at, and which of them matter. All are absolute. */
export interface Watched {
  /** The same for the same paths. */
  text: string;
  /** Whether it matters that something happens to a path. */
  has(path: string): boolean;
  /** The same, or something below it may matter. */
  enters(path: string): boolean;
}

/** What an image's plan may come from, whether it is there or not. Paths are relative to the workspace. */
interface Sources {
  /** Of the context, less what is left out of it. */
  context: string[];
  /** Files and folders, whatever .dockerignore says of them. */
  others: string[];
}

/**
 * The files that an image is made from, and those that say how. A Dockerfile that cannot be read now
 * keeps what it read before.
 *
 * @param declaring the files that say how it is built: see `declaringFiles`
 * @param plans as they are now
 */
export function watchedPaths(
  project: DockerProject,
  declaring: readonly string[],
  plans: readonly KeyedPlan[],
  before?: readonly string[],
): { watched: Watched; context: string[] } {
  const { options, dockerfile, root } = project;
  const context = attempt(() => contextPaths(project, plans)) ?? [...(before ?? [])];
  const beside = [`${dockerfile}.dockerignore`, posix.join(options.context, '.dockerignore')];
  const locks = [project.lockFile, posix.join(dirname(project.lockFile), 'images.local.json')];
  const images = Object.values(project.projectImages).flatMap(({ home, stage }) =>
    project.platforms.map((platform) =>
      posix.join(stageFolder(home, stage), platformFolder(platform), 'image.json'),
    ),
  );
  const folders = contextFolders(project.namedContexts);
  const others = [dockerfile, ...beside, ...locks, ...declaring, ...images, ...folders];
  return { watched: within(root, project, { context, others }), context };
}

function contextPaths(project: DockerProject, plans: readonly KeyedPlan[]): string[] {
  const { root, dockerfile, lockFile, options, buildArgs } = project;
  const targets = options.targets ?? [];
  const stages = stagesOf(root, { dockerfile, lockFile, targets, ...buildArgs });
  const named = new Set(stages.flatMap(({ contextPaths: paths }) => paths));
  // What a link leads to is read as well.
  const read = plans
    .flatMap(({ platforms }) => platforms.flatMap(({ files }) => files))
    .filter(({ path }) => ![...prefixes(path), '.'].some((each) => named.has(each)))
    .map(({ path }) => path);
  return [...new Set([...named, ...read])].map((path) => posix.join(options.context, path)).sort();
}

function within(root: string, project: DockerProject, { context, others }: Sources): Watched {
  const { options, dockerfile } = project;
  const leftOut = leftOutOf(project);
  const ignored = attempt(() => hiddenPaths(project.absolute(dockerfile), project.contextDir));
  const isHidden = (path: string) => {
    const own = posix.relative(options.context, path);
    if (own === '' || own.startsWith('..')) return false;
    return prefixes(own).some((each) => leftOut.includes(each)) || ignored?.(own) === true;
  };
  const exact = new Set(others.map((path) => posix.normalize(path)));
  const read = new Set(context);
  const above = new Set([...exact, ...read].flatMap((path) => prefixes(path).slice(0, -1)));
  const isRead = (path: string) => prefixes(path).some((each) => read.has(each)) || read.has('.');
  const matters = (path: string) =>
    prefixes(path).some((each) => exact.has(each)) || (isRead(path) && !isHidden(path));
  const named = (path: string) => relative(root, path).split('\\').join('/');
  return {
    text: JSON.stringify([context, [...exact].sort(), leftOut, ignoreText(project)]),
    has: (path) => matters(named(path) || '.'),
    enters: (path) => {
      const own = named(path);
      return own === '' || above.has(own) || matters(own);
    },
  };
}

/** What .dockerignore says, by what it leaves out of what it might. */
function ignoreText(project: DockerProject): string {
  return [
    `${project.dockerfile}.dockerignore`,
    posix.join(project.options.context, '.dockerignore'),
  ]
    .map((path) => attempt(() => readFileSync(project.absolute(path), 'utf8')) ?? '')
    .join('\0');
}

/** `a`, `a/b` and `a/b/c` for the last of them. */
function prefixes(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/**
 * The files that say how a project's images are built, besides their Dockerfiles: what is known of the
 * workspace comes from them. Relative to the workspace.
 *
 * @param plan the target that plans: its inputs name the files of Compose and Bake
 */
export function declaringFiles(folder: string, plan: TargetConfiguration | undefined): string[] {
  const named = (plan?.inputs ?? []).flatMap((input) => {
    const path = typeof input === 'string' && /^{workspaceRoot}\/([^*]+)$/.exec(input)?.[1];
    return path && /\.(ya?ml|hcl|json)$/.test(path) ? path : [];
  });
  const lock = (plan?.options as Partial<DockerOptions> | undefined)?.lockFile;
  const own = ['project.json', 'package.json'].map((name) => posix.join(folder, name));
  return ['nx.json', ...own, ...named.filter((path) => path !== lock)];
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    // Whoever plans says what is wrong.
    return undefined;
  }
}
