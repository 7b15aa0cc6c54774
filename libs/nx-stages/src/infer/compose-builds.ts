import { posix } from 'node:path';
import type { ComposeBuild, ComposeFile } from './compose-file';
import { composeSecrets } from './compose-secrets';
import { COMPOSE_BUILD_KEYS, refusedKeys } from './declared-keys';
import { type DeclaredBuild, declaredPaths } from './declared-build';
import { withDefaults } from './with-defaults';

/**
 * The builds that a Compose file declares. Variables have their defaults, and an argument that has
 * none is left to the Dockerfile's own: what a build is made of may not hang on the shell that asks.
 */
export function composeBuilds({ file, model }: ComposeFile): DeclaredBuild[] {
  return Object.entries(model.services).flatMap(([name, service]) => {
    const build = service?.build;
    const paths = build && buildPaths(file, build);
    if (!paths) return [];
    const own: ComposeBuild = typeof build === 'string' ? {} : build;
    const { args, target, platforms } = own;
    const { options: secrets, unread: unreadSecrets } = composeSecrets({ file, model }, own);
    const buildArgs = argumentsOf(args);
    const stage = target && withDefaults(target);
    const unread = [...refusedKeys({ ...own }, COMPOSE_BUILD_KEYS), ...unreadSecrets];
    return {
      ...{ file, name },
      ...paths,
      ...(buildArgs && { buildArgs }),
      ...(stage && { target: stage }),
      ...(platforms && { platforms }),
      ...(secrets && { secrets }),
      ...(unread.length > 0 && { unread }),
    };
  });
}

/** Context and Dockerfile of `build:`; undefined where only Compose, when it runs, can tell them. */
export function buildPaths(
  file: string,
  build: string | ComposeBuild,
): { context: string; dockerfile: string } | undefined {
  const {
    context = '.',
    dockerfile = 'Dockerfile',
    dockerfile_inline: inline,
  } = typeof build === 'string' ? { context: build } : build;
  const [at, name] = [withDefaults(context), withDefaults(dockerfile)];
  if (inline !== undefined || at === null || name === null) return undefined;
  return declaredPaths(posix.dirname(file), at, name);
}

function argumentsOf(args: ComposeBuild['args']): Record<string, string> | undefined {
  const pairs = Array.isArray(args)
    ? args.map((each) => {
        const at = each.indexOf('=');
        return [at < 0 ? each : each.slice(0, at), at < 0 ? null : each.slice(at + 1)] as const;
      })
    : Object.entries(args ?? {});
  const known = pairs.flatMap(([name, value]) => {
    const text = value === null || value === undefined ? null : withDefaults(String(value));
    return text === null ? [] : [[name, text] as const];
  });
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}
