import { posix } from 'node:path';
import type { ComposeBuild, ComposeFile } from './compose-file';
import { composeSecrets } from './compose-secrets';
import { COMPOSE_BUILD_KEYS, refusedKeys } from './declared-keys';
import { type DeclaredBuild, declaredPaths } from './declared-build';
import { withDefaults } from './with-defaults';
import { declaredContexts } from './declared-contexts';

/**
 * The builds that a Compose file declares. Variables have their defaults, and an argument that has
 * none is left to the Dockerfile's own: what a build is made of may not hang on the shell that asks.
 *
 * @param onDropped told of a service that no Dockerfile here is built for
 */
export function composeBuilds(
  { file, files, model }: ComposeFile,
  onDropped: (line: string) => void = () => undefined,
): DeclaredBuild[] {
  return Object.entries(model.services).flatMap(([name, service]) => {
    const build = service?.build;
    const paths = build && buildPaths(file, build);
    if (build && !paths)
      onDropped(`${file}, ${name}: ${whyDropped(build)}, so Compose alone builds it`);
    if (!build || !paths) return [];
    const own: ComposeBuild = typeof build === 'string' ? {} : build;
    const { args, target, platforms } = own;
    const { options: secrets, unread: unreadSecrets } = composeSecrets({ file, model }, own);
    const named = declaredContexts(contextsOf(own.additional_contexts), {
      file,
      key: 'additional_contexts',
      prefix: 'service:',
    });
    const buildArgs = argumentsOf(args);
    const stage = target && withDefaults(target);
    const { labels, unread: unreadLabels } = labelsOf(own.labels);
    const refused = refusedKeys({ ...own }, COMPOSE_BUILD_KEYS);
    const unread = [...named.unread, ...refused, ...unreadSecrets, ...unreadLabels];
    return {
      file,
      name,
      ...(files && { files }),
      ...paths,
      ...(buildArgs && { buildArgs }),
      ...(stage && { target: stage }),
      ...(platforms && { platforms }),
      ...(secrets && { secrets }),
      ...(labels && { declared: { labels } }),
      ...(named.contexts && { contexts: named.contexts }),
      ...(unread.length > 0 && { unread }),
    };
  });
}

function whyDropped(build: string | ComposeBuild): string {
  const { context = '.', dockerfile_inline: inline } =
    typeof build === 'string' ? { context: build } : build;
  if (inline !== undefined) return 'its Dockerfile is written inline (dockerfile_inline)';
  if (withDefaults(context) === null) return 'its context is a variable without a default';
  return `its context or Dockerfile is no file of this workspace`;
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

/** By name; null where a variable has no default. */
function contextsOf(contexts: ComposeBuild['additional_contexts'] = {}) {
  const pairs = Array.isArray(contexts)
    ? contexts.map((each) => [each.split('=')[0]!, each.slice(each.indexOf('=') + 1)] as const)
    : Object.entries(contexts);
  return Object.fromEntries(pairs.map(([name, value]) => [name, withDefaults(String(value))]));
}

/** One whose variable has no default is unread: whoever runs Compose would have it another way. */
function labelsOf(labels: ComposeBuild['labels']): {
  labels?: Record<string, string>;
  unread: string[];
} {
  const pairs = pairsOf(labels).map(
    ([name, value]) => [name, withDefaults(String(value ?? ''))] as const,
  );
  const known = pairs.filter((each): each is [string, string] => each[1] !== null);
  const unread = pairs.flatMap(([name, value]) =>
    value === null ? `labels.${name} (a variable in it has no default)` : [],
  );
  return { ...(known.length > 0 && { labels: Object.fromEntries(known) }), unread };
}

function argumentsOf(args: ComposeBuild['args']): Record<string, string> | undefined {
  const known = pairsOf(args).flatMap(([name, value]) => {
    const text = value === null || value === undefined ? null : withDefaults(String(value));
    return text === null ? [] : [[name, text] as const];
  });
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}

/** Of a map, or of a list of `NAME=VALUE`. */
function pairsOf(given: ComposeBuild['args']) {
  if (!Array.isArray(given)) return Object.entries(given ?? {});
  return given.map((each) => {
    const at = each.indexOf('=');
    return [at < 0 ? each : each.slice(0, at), at < 0 ? null : each.slice(at + 1)] as const;
  });
}
