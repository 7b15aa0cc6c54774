import { posix } from 'node:path';
import { familiarReference } from '@excel2doc/dockerfile';
import type { NamedContext, NamedContexts, ProjectImage } from '@excel2doc/stages';

/** A named context as a file declares it: what another build of that file makes, or a plain one. */
export type DeclaredContext = NamedContext | { kind: 'build'; file: string; name: string };

/** Where the contexts of one build are declared, and how: `additional_contexts` or `contexts`. */
export interface Declaring {
  /** Relative to the workspace; paths are relative to its folder. */
  file: string;
  key: string;
  /** What stands before the name of another build: `service:` or `target:`. */
  prefix: string;
}

/**
 * The named contexts of a build, by the name of the image that each stands for.
 *
 * @param values by name; one that is not known is `null`
 * @returns those that cannot be carried out, too, as `additional_contexts.NAME (why)`
 */
export function declaredContexts(
  values: Readonly<Record<string, string | null>>,
  declaring: Declaring,
): { contexts?: Record<string, DeclaredContext>; unread: string[] } {
  const contexts: Record<string, DeclaredContext> = {};
  const unread: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const found = value === null ? 'its value is an expression' : readContext(value, declaring);
    if (typeof found === 'string') unread.push(`${declaring.key}.${name} (${found})`);
    else contexts[familiarReference(name) ?? name] = found;
  }
  return { ...(Object.keys(contexts).length > 0 && { contexts }), unread };
}

/** The context, or why it is none that can be carried out. */
function readContext(value: string, { file, prefix }: Declaring): DeclaredContext | string {
  if (value.startsWith(prefix)) return { kind: 'build', file, name: value.slice(prefix.length) };
  const image = /^docker-image:\/\/(.+)$/.exec(value)?.[1];
  if (image !== undefined) return { kind: 'image', reference: image };
  const layout = /^oci-layout:\/\/(.+)$/.exec(value)?.[1];
  if (layout !== undefined) return layoutContext(layout, file);
  if (/^[\w+.-]+:\/\/|^[\w.-]+@[\w.-]+:|^github\.com\/|\.git(#|$)/.test(value))
    return 'it is fetched from the network: clone it, or ADD it in the Dockerfile by its commit';
  if (/^(service|target):/.test(value)) return 'no build of this file is named so';
  const path = within(file, value);
  return path === undefined ? 'it is outside of the workspace' : { kind: 'folder', path };
}

function layoutContext(text: string, file: string): DeclaredContext | string {
  const [, at = '', digest] = /^(.+?)(?::[\w.-]+)?(?:@(sha256:[0-9a-f]{64}))?$/.exec(text) ?? [];
  if (digest === undefined) return 'it names no digest: what a tag of it means may change';
  const path = within(file, at);
  return path === undefined ? 'it is outside of the workspace' : { kind: 'layout', path, digest };
}

function within(file: string, path: string): string | undefined {
  if (posix.isAbsolute(path)) return undefined;
  const normal = posix.normalize(posix.join(posix.dirname(file), path)).replace(/(?<=.)\/$/, '');
  return normal === '..' || normal.startsWith('../') ? undefined : normal;
}

/** Those that are no project's image. */
export function plainContexts(
  contexts: Record<string, DeclaredContext> = {},
  images: Record<string, ProjectImage>,
): NamedContexts {
  const made = new Set(Object.keys(images).map((each) => familiarReference(each) ?? each));
  return Object.fromEntries(
    Object.entries(contexts).flatMap(([name, context]) =>
      context.kind === 'build' || made.has(name) ? [] : [[name, context]],
    ),
  );
}
