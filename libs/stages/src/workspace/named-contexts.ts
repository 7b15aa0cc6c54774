import { familiarReference } from '@excel2doc/dockerfile';

/** What a Compose or Bake file has stand for an image's name; paths are relative to the workspace. */
export type NamedContext =
  | { kind: 'folder'; path: string }
  | { kind: 'layout'; path: string; digest: string }
  | { kind: 'image'; reference: string };

export type NamedContexts = Record<string, NamedContext>;

/**
 * The named contexts of a Dockerfile that are no project's images: in the metadata of `docker-plan`,
 * where nothing of it is in a key. What is in the key is the digest of each.
 */
export const namedContexts = (contexts: NamedContexts | undefined) => ({
  ...(contexts && Object.keys(contexts).length > 0 && { namedContexts: contexts }),
});

/** What `namedContexts` put into a target's metadata. */
export function contextsInMetadata(metadata: object | undefined): NamedContexts {
  return (metadata as { namedContexts?: NamedContexts } | undefined)?.namedContexts ?? {};
}

/** What stands for an image that a Dockerfile names. */
export function contextOf(contexts: NamedContexts, reference: string): NamedContext | undefined {
  return contexts[familiarReference(reference) ?? reference];
}

/** The folders among them. */
export function contextFolders(contexts: NamedContexts): string[] {
  return Object.values(contexts).flatMap((each) => (each.kind === 'folder' ? each.path : []));
}
