import { type Digest, isDigest } from './digest';
import { OciError } from './error';

/** An image's name, with Docker's defaults written out. */
export interface Reference {
  /** `docker.io`, `localhost:5000` */
  registry: string;
  /** `library/python` */
  repository: string;
  tag?: string;
  digest?: Digest;
}

const REPOSITORY = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * `python:3.12`, `localhost:5000/a/b@sha256:...`; without tag and digest the tag is `latest`.
 *
 * @throws OciError `BAD_REFERENCE`
 * @see OCI distribution-spec v1.1, spec.md#pulling-manifests: the grammar of names and tags
 */
export function parseReference(text: string): Reference {
  const [name = '', digest] = text.split('@');
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const path = tagged ? name.slice(0, colon) : name;
  const tag = tagged ? name.slice(colon + 1) : digest === undefined ? 'latest' : undefined;
  const slash = path.indexOf('/');
  const first = path.slice(0, slash);
  const hasRegistry = slash > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = hasRegistry && first !== 'index.docker.io' ? first : 'docker.io';
  let repository = hasRegistry ? path.slice(slash + 1) : path;
  if (registry === 'docker.io' && !repository.includes('/')) repository = `library/${repository}`;

  const valid =
    REPOSITORY.test(repository) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || isDigest(digest));
  if (!valid) {
    throw new OciError('BAD_REFERENCE', {
      message: `not an image reference: ${text}`,
      hint: 'a reference is [registry/]name[:tag][@sha256:...], the name in lower case',
    });
  }
  return {
    registry,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: digest as Digest }),
  };
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/**
 * Where an image of Docker Hub is asked for, if a mirror stands for it: `python:3.12` behind
 * `https://mirror.example/hub/` is `mirror.example/hub/library/python:3.12`. Tag and digest stay as
 * they are written; an image of another registry, or without a mirror, is asked for by its own name.
 *
 * @throws OciError `BAD_REFERENCE`
 */
export function mirrored(reference: string, mirror: string): string {
  const host = mirror.replace(/^https?:\/\/|\/+$/g, '');
  const { registry, repository } = parseReference(reference);
  if (host === '' || registry !== 'docker.io') return reference;
  const [, written = ''] = /^[^@:]*?((?::[^:/@]+)?(?:@.*)?)$/.exec(reference) ?? [];
  return `${host}/${repository}${written}`;
}
