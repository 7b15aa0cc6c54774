import { posix } from 'node:path';
import { type DeclaredBuild, declaredPaths } from '../declared-build';
import { declaredContexts } from '../declared-contexts';
import { BAKE_TARGET_KEYS, refusedKeys } from '../declared-keys';
import { bakeSecrets } from './bake-secrets';
import { UNKNOWN, type Value, type ValueMap, parseHcl } from './hcl';

type Targets = Record<string, ValueMap>;

/**
 * The builds that a Bake file declares, with what they inherit. Variables have their defaults: what
 * a build is made of may not hang on the shell that asks.
 *
 * What has a value that cannot be told is named in `unread`: whoever plans the build refuses it.
 *
 * @param file relative to the workspace; paths in it are relative to its folder
 * @param onDropped told of a target that no Dockerfile here is built by
 * @throws Error where the file is neither HCL nor JSON
 * @see docker/docs, Bake file reference
 */
export function readBake(
  text: string,
  file: string,
  onDropped: (line: string) => void = () => undefined,
): DeclaredBuild[] {
  const { targets, grouped } = file.endsWith('.json') ? jsonTargets(text) : hclTargets(text);
  return Object.keys(targets).flatMap((name) => {
    if (isPattern(name, targets, grouped)) return [];
    const attributes = inherited(targets, name);
    const texts = (key: string) => stringOf(attributes[key]);
    const where = ['context', 'dockerfile'].filter((key) => attributes[key] === UNKNOWN);
    if (where.length > 0) {
      onDropped(`${file}, ${name}: ${where.join(' and ')} is an expression, so it is left out`);
      return [];
    }
    // There is no file that it would be the build of.
    if (attributes['dockerfile-inline'] !== undefined) {
      onDropped(`${file}, ${name}: dockerfile-inline is not built here`);
      return [];
    }
    const [context, dockerfile] = [texts('context'), texts('dockerfile')];
    const paths = declaredPaths(posix.dirname(file), context, dockerfile);
    if (!paths) {
      onDropped(
        `${file}, ${name}: its context or Dockerfile is no file of this workspace, so it is left out`,
      );
      return [];
    }
    const buildArgs = textsOf(attributes['args']);
    const platforms = listOf(attributes['platforms']);
    const target = texts('target');
    const { options: secrets, unread: unreadSecrets } = bakeSecrets(attributes, file);
    const named = declaredContexts(contextsOf(attributes['contexts']), {
      file,
      key: 'contexts',
      prefix: 'target:',
    });
    const labels = textsOf(attributes['labels']);
    const annotations = listOf(attributes['annotations']);
    const unread = [
      ...named.unread,
      ...refusedKeys(attributes, BAKE_TARGET_KEYS),
      ...unknownIn(attributes),
      ...unreadSecrets,
    ];
    return {
      file,
      name,
      ...paths,
      ...(context === undefined && dockerfile === undefined && { isPlaceless: true as const }),
      ...(buildArgs && { buildArgs }),
      ...(platforms && { platforms }),
      ...(target && { target }),
      ...(secrets && { secrets }),
      ...((labels || annotations) && {
        declared: { ...(labels && { labels }), ...(annotations && { annotations }) },
      }),
      ...(named.contexts && { contexts: named.contexts }),
      ...(unread.length > 0 && { unread }),
    };
  });
}

/** What has a value that is not evaluated here, among what is used. */
function unknownIn(attributes: ValueMap): string[] {
  const isUnknown = (value: Value | undefined): boolean =>
    value === UNKNOWN || (Array.isArray(value) && value.some(isUnknown));
  const inMaps = ['args', 'labels'].flatMap((key) =>
    Object.entries(mapOf(attributes[key]))
      .filter(([, value]) => isUnknown(value))
      .map(([name]) => `${key}.${name}`),
  );
  const all = ['args', 'target', 'platforms', 'inherits', 'contexts', 'labels', 'annotations'];
  return [...inMaps, ...all.filter((key) => isUnknown(attributes[key]))];
}

interface Read {
  targets: Targets;
  /** Names in the groups, if there are any. */
  grouped: Set<string> | undefined;
}

function hclTargets(text: string): Read {
  const targets: Targets = {};
  const groups: Targets = {};
  for (const { type, labels, attributes } of parseHcl(text)) {
    const [name] = labels;
    if (type === 'target' && name) targets[name] = { ...targets[name], ...attributes };
    if (type === 'group' && name) groups[name] = attributes;
  }
  return { targets, grouped: namesIn(groups) };
}

function jsonTargets(text: string): Read {
  const { target = {}, group = {} } = JSON.parse(text) as { target?: Targets; group?: Targets };
  return { targets: target, grouped: namesIn(group) };
}

function namesIn(groups: Targets): Set<string> | undefined {
  const names = Object.values(groups).flatMap(({ targets }) => listOf(targets) ?? []);
  return names.length > 0 ? new Set(names) : undefined;
}

/**
 * `_common` and its like, which hold what others inherit: so named, or inherited by a target and in no
 * group where there are groups.
 */
function isPattern(name: string, targets: Targets, grouped: Read['grouped']): boolean {
  if (name.startsWith('_')) return true;
  const isInherited = Object.values(targets).some((each) =>
    (listOf(each['inherits']) ?? []).includes(name),
  );
  return isInherited && grouped !== undefined && !grouped.has(name);
}

/** Later parents win over earlier ones, a target over its parents; arguments are merged by name. */
function inherited(targets: Targets, name: string, seen: readonly string[] = []): ValueMap {
  const own = targets[name] ?? {};
  const parents = (listOf(own['inherits']) ?? []).filter((parent) => !seen.includes(parent));
  return [...parents.map((parent) => inherited(targets, parent, [...seen, name])), own].reduce(
    (result, each) => ({
      ...result,
      ...each,
      ...both('args', result, each),
      ...both('labels', result, each),
      ...both('contexts', result, each),
    }),
    {},
  );
}

/** A map of both, by name. */
function both(key: string, parent: ValueMap, own: ValueMap): ValueMap {
  if (!isMap(parent[key]) && !isMap(own[key])) return {};
  return { [key]: { ...mapOf(parent[key]), ...mapOf(own[key]) } };
}

const isMap = (value: Value | undefined): value is ValueMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const mapOf = (value: Value | undefined): ValueMap => (isMap(value) ? value : {});
const stringOf = (value: Value | undefined) => (typeof value === 'string' ? value : undefined);

function listOf(value: Value | undefined): string[] | undefined {
  const strings = Array.isArray(value) ? value.flatMap((each) => stringOf(each) ?? []) : [];
  return strings.length > 0 ? strings : undefined;
}

/** By name; null for one that is an expression. */
function contextsOf(value: Value | undefined): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(mapOf(value)).map(([name, each]) => [name, stringOf(each) ?? null]),
  );
}

/** A map's entries as text; one without a value (`null`) says nothing. */
function textsOf(value: Value | undefined): Record<string, string> | undefined {
  const known = Object.entries(mapOf(value)).filter(
    ([, each]) => typeof each === 'string' || typeof each === 'number',
  );
  return known.length > 0
    ? Object.fromEntries(known.map(([name, each]) => [name, String(each)]))
    : undefined;
}
