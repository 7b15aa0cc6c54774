import { formatReference, parseReference } from '@excel2doc/oci';

/** What is read of `docker image inspect`. */
export interface ImageInfo {
  /** With the containerd store the manifest's (or index's) digest, with the classic one the config's. */
  id: string;
  tags: string[];
  repoDigests: string[];
  platform: string;
  /** Diff IDs, lowest first. */
  layers: string[];
  labels: Record<string, string>;
  sizeBytes: number;
  created: string;
}

interface Inspected {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Os: string;
  Architecture: string;
  Variant?: string;
  Size: number;
  Created: string;
  RootFS: { Layers?: string[] };
  Config: { Labels?: Record<string, string> | null } | null;
}

export function parseImage(inspected: unknown): ImageInfo {
  const image = inspected as Inspected;
  return {
    id: image.Id,
    tags: image.RepoTags ?? [],
    repoDigests: image.RepoDigests ?? [],
    platform: [image.Os, image.Architecture, image.Variant].filter(Boolean).join('/'),
    layers: image.RootFS.Layers ?? [],
    labels: image.Config?.Labels ?? {},
    sizeBytes: image.Size,
    created: image.Created,
  };
}

/** A line of `docker image ls`. */
export interface ImageListing {
  id: string;
  repository: string;
  tag: string;
  /** As docker writes it: '73.5MB'. */
  size: string;
  created: string;
}

export function parseListing(line: string): ImageListing {
  const row = JSON.parse(line) as Record<string, string>;
  return {
    id: row['ID'] ?? '',
    repository: row['Repository'] ?? '',
    tag: row['Tag'] ?? '',
    size: row['Size'] ?? '',
    created: row['CreatedAt'] ?? '',
  };
}

/** The names that `docker load` reports: tags, or the ids of untagged images. */
export function parseLoaded(stdout: string): string[] {
  return [...stdout.matchAll(/^Loaded image(?: ID)?: (.+)$/gm)].map(([, name = '']) => name.trim());
}

/**
 * Which image each of `names` stands for.
 *
 * @param tagged `name:tag` of images, each with its image's id
 */
export function idsByName(
  names: readonly string[],
  tagged: readonly (readonly [string, string])[],
): Map<string, string> {
  const named = tagged.filter(([tag]) => !tag.includes('<none>'));
  const ids = new Map(named.map(([tag, id]) => [fullName(tag), id]));
  const found = names.map((name) => [name, ids.get(fullName(name))] as const);
  return new Map(found.filter((each): each is [string, string] => each[1] !== undefined));
}

const fullName = (name: string) => formatReference(parseReference(name));
