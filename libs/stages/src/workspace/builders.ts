import { type BuilderPlatforms, EngineError } from '@excel2doc/engine';

/** Platform, or `*` for all that are not named -> the buildx builders that run its RUN steps. */
export type Builders = Readonly<Record<string, string | readonly string[]>>;

/** The names of those that run the steps of a platform; none where the engine itself does it. */
export function buildersFor(builders: Builders | undefined, platform: string): readonly string[] {
  const named = builders?.[platform] ?? builders?.['*'] ?? [];
  return typeof named === 'string' ? [named] : [...new Set(named)];
}

/** Whether a build failed of its builder: of one that is not there, or went away. */
export function isBuilderGone(error: unknown): error is EngineError {
  return error instanceof EngineError && ['BUILDER_GONE', 'NO_BUILDER'].includes(error.code);
}

/** `builder-1 builds for linux/amd64, linux/386, and emulates linux/arm64` */
export function saidOf(builder: string, { native, emulated }: BuilderPlatforms): string {
  const slower = emulated.length > 0 ? `, and emulates ${emulated.join(', ')}` : '';
  return `${builder} builds for ${native.join(', ')}${slower}`;
}

export function isBuilders(value: unknown): value is Builders {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const isName = (each: unknown) => typeof each === 'string' && each !== '';
  const isNames = (each: unknown) =>
    Array.isArray(each) && each.length > 0 && each.every((name) => isName(name));
  return Object.values(value).every((each: unknown) => isName(each) || isNames(each));
}
