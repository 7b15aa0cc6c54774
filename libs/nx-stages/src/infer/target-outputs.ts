import { posix } from 'node:path';
import type { NxJsonConfiguration, ProjectConfiguration, TargetConfiguration } from '@nx/devkit';

/** A target, and a place that it declares to write to: relative to the workspace, may be a glob. */
export interface TargetOutput {
  project: string;
  target: string;
  path: string;
  /** Nobody declares it: Nx assumes it of a target that is called `build`. */
  isAssumed?: boolean;
}

type Located = Pick<ProjectConfiguration, 'root'> & { name: string };

/**
 * The outputs of a target as Nx reads them, those that it assumes where none are declared among them.
 *
 * @see nrwl/nx, tasks-runner/utils, getOutputsForTargetAndConfiguration
 */
export function outputsOf(
  { root, name }: Located,
  target: string,
  { outputs, options = {}, configurations = {} }: TargetConfiguration,
): TargetOutput[] {
  // Which configuration runs is not known here: each may write somewhere else.
  const variants = [
    options,
    ...Object.values(configurations).map((each) => ({ ...options, ...each })),
  ];
  const paths = variants.flatMap((each) => {
    if (outputs)
      return outputs.flatMap((output) => filledIn(output, { root, name, options: each }));
    const { outputPath } = each as { outputPath?: string | string[] };
    if (outputPath) return outputPath;
    return ['build', 'prepare'].includes(target)
      ? [`dist/${root}`, `${root}/dist`, `${root}/build`, `${root}/public`]
      : [];
  });
  const inside = paths
    .map((path) => posix.normalize(path).replace(/(?<=.)\/$/, ''))
    // The whole workspace, or what lies outside of it, says nothing.
    .filter((path) => path !== '.' && !path.startsWith('..') && !posix.isAbsolute(path));
  const isAssumed = !outputs && !variants.some((each) => 'outputPath' in each);
  // `build` of the whole workspace runs those of its projects, and `dist` is theirs.
  if (isAssumed && root === '.') return [];
  return [...new Set(inside)].map((path) => ({
    project: name,
    target,
    path,
    ...(isAssumed && { isAssumed }),
  }));
}

/** No path where it leaves something out (`!…`), or an option that it names is not set. */
function filledIn(
  output: string,
  { root, name, options }: Located & { options: Record<string, unknown> },
): string[] {
  if (typeof output !== 'string' || output.startsWith('!')) return [];
  const filled = output
    .replace(/^\{workspaceRoot\}\/?/, './')
    .replaceAll('{projectRoot}', root)
    .replaceAll('{projectName}', name)
    .replaceAll(/\{options\.([\w.-]+)\}/g, (whole, key: string) => {
      const value = key
        .split('.')
        .reduce<unknown>(
          (at, part) => (at as Record<string, unknown> | undefined)?.[part],
          options,
        );
      return typeof value === 'string' ? value : whole;
    });
  return /\{(projectRoot|workspaceRoot|options)/.test(filled) ? [] : [filled];
}

/** Whether `path` is, or lies in, what an output stands for. */
export function liesIn(path: string, output: string): boolean {
  return path.split('/').length >= output.split('/').length && meets(path, output);
}

/** Whether `path` is, holds, or lies in what an output stands for. */
export function meets(path: string, output: string): boolean {
  return overlap(path.split('/'), output.split('/'));
}

function overlap([name, ...path]: string[], [part, ...pattern]: string[]): boolean {
  // One is above the other.
  if (name === undefined || part === undefined) return true;
  if (part === '**')
    return (
      overlap([name, ...path], pattern) || (path.length > 0 && overlap(path, ['**', ...pattern]))
    );
  return segment(part).test(name) && overlap(path, pattern);
}

const segments = new Map<string, RegExp>();

function segment(part: string): RegExp {
  const known = segments.get(part);
  if (known) return known;
  const text = part
    .replaceAll(/[.+^$()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replaceAll(/\{([^{}]*)\}/g, (_, list: string) => `(?:${list.replaceAll(',', '|')})`)
    .replaceAll('[!', '[^');
  const made = asPattern(text) ?? asPattern(part.replaceAll(/[^\w-]/g, '\\$&'))!;
  segments.set(part, made);
  return made;
}

function asPattern(text: string): RegExp | undefined {
  try {
    return new RegExp(`^${text}$`, 'u');
  } catch {
    return undefined;
  }
}

/**
 * A target as a project file declares it, with what nx.json sets for its executor or its name where it
 * says nothing itself. Defaults that hang on a filter other than the project are left out.
 */
export function withTargetDefaults(
  target: string,
  own: TargetConfiguration,
  { project, nxJson }: { project: string; nxJson: NxJsonConfiguration },
): TargetConfiguration {
  const all = (nxJson.targetDefaults ?? {}) as Record<string, Default | Default[]>;
  const found = all[own.executor ?? ''] ?? all[target] ?? globbed(all, target) ?? {};
  const defaults = [found].flat().filter(({ filter }) => appliesTo(filter, project));
  return defaults.reduceRight<TargetConfiguration>(
    (merged, each) => ({
      ...each,
      ...merged,
      options: { ...each.options, ...merged.options },
    }),
    own,
  );
}

type Default = Partial<TargetConfiguration> & { filter?: { projects?: string | string[] } };

function appliesTo(filter: Default['filter'], project: string): boolean {
  if (!filter) return true;
  return Object.keys(filter).join() === 'projects' && [filter.projects].flat().includes(project);
}

function globbed(all: Record<string, Default | Default[]>, target: string) {
  const key = Object.keys(all).find((each) => /[*?{[]/.test(each) && segment(each).test(target));
  return key === undefined ? undefined : all[key];
}
