import { normalPlatform } from '@excel2doc/dockerfile';
import { EngineError } from '@excel2doc/engine';

/** Platform, or `*` for all that are not named -> the buildx builders that run its RUN steps. */
export type Builders = Readonly<Record<string, string | readonly string[]>>;

/** The names of those for a platform; none where the engine itself does it. */
export function buildersFor(builders: Builders | undefined, platform: string): readonly string[] {
  const named = builders?.[platform] ?? builders?.['*'] ?? [];
  return typeof named === 'string' ? [named] : [...new Set(named)];
}

/** Whether a build failed of its builder: of one that is not there, or went away. */
export function isBuilderGone(error: unknown): error is EngineError {
  return error instanceof EngineError && ['BUILDER_GONE', 'NO_BUILDER'].includes(error.code);
}

export function isBuilders(value: unknown): value is Builders {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const isName = (each: unknown) => typeof each === 'string' && each !== '';
  const isNames = (each: unknown) =>
    Array.isArray(each) && each.length > 0 && each.every((name) => isName(name));
  return Object.values(value).every((each: unknown) => isName(each) || isNames(each));
}

/**
 * What is wrong with the platform that somebody names builders for, if anything is: they are looked up by
 * its normal form, so that those of another would never be asked.
 */
export function platformFault(platform: string): string | undefined {
  if (platform === '*') return undefined;
  try {
    const normal = normalPlatform(platform);
    const [os = '', architecture = ''] = normal.split('/');
    if (!isSystem(os) || isSystem(architecture)) return `there is no platform "${platform}"`;
    return normal === platform ? undefined : `"${platform}" is written "${normal}"`;
  } catch {
    return `there is no platform "${platform}"`;
  }
}

/** Of a word that is an operating system's or an architecture's. @throws where it is neither's */
const isSystem = (word: string) => normalPlatform(word).startsWith(`${word}/`);
