import { inMemory } from '../blob/memory';
import type { BlobSource } from '../blob/source';
import { readBlob } from '../blob/source';
import { type Digest, digestOf, hexOf } from '../digest';
import {
  type Descriptor,
  type Index,
  type Manifest,
  MEDIA_TYPES,
  parsePlatform,
} from '../image/types';
import type { ImageRecord } from '../layout/record';
import { pushBlob } from './push-blob';
import type { Repository } from './repository';

export interface PushImageOptions {
  record: ImageRecord;
  /** Asked only for what the registry lacks. */
  source: BlobSource;
  /** By digest alone where left out. */
  tag?: string;
  /** A repository of the same registry that has the base's layers. */
  mountFrom?: string;
}

export interface Pushed {
  descriptor: Descriptor;
  uploadedBytes: number;
  blobs: { present: number; mounted: number; uploaded: number };
}

const AT_ONCE = 4;

/** Pushes an image, blobs first, so that nobody sees a manifest without them. */
export async function pushImage(
  repository: Repository,
  options: PushImageOptions,
): Promise<Pushed> {
  const { record, source, tag, mountFrom } = options;
  const bytes = await readBlob(source, record.digest);
  const manifest = JSON.parse(bytes.toString('utf8')) as Manifest;
  const blobs = new Map([...manifest.layers, manifest.config].map((blob) => [blob.digest, blob]));
  const queue = [...blobs.values()];
  const counts = { present: 0, mounted: 0, uploaded: 0 };
  let uploadedBytes = 0;
  const work = async () => {
    for (let blob = queue.shift(); blob; blob = queue.shift()) {
      const { digest, size: sizeBytes } = blob;
      const how = await pushBlob(repository, { digest, sizeBytes, source, mountFrom });
      counts[how]++;
      if (how === 'uploaded') uploadedBytes += sizeBytes;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await repository.putManifest(tag ?? record.digest, bytes, MEDIA_TYPES.manifest);
  const descriptor = descriptorOf(record, bytes);
  return { descriptor, uploadedBytes, blobs: counts };
}

function indexBytes(
  images: readonly Descriptor[],
  annotations: Readonly<Record<string, string>> = {},
): Buffer {
  const index: Index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: [...images],
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
  return Buffer.from(JSON.stringify(index));
}

/** An image of an index, and what is said of it there. */
export interface IndexedImage {
  record: ImageRecord;
  source: BlobSource;
  annotations?: Readonly<Record<string, string>>;
}

/**
 * What a registry will call the images of several platforms, or the one of one, before it has them.
 *
 * @param annotations of the index, where it comes to one
 */
export async function digestOnPush(
  images: readonly IndexedImage[],
  annotations?: Readonly<Record<string, string>>,
): Promise<Digest> {
  const descriptors = await Promise.all(
    images.map(async ({ record, source, annotations: said }) => ({
      ...descriptorOf(record, await readBlob(source, record.digest)),
      ...(said && Object.keys(said).length > 0 && { annotations: said }),
    })),
  );
  const [only, ...others] = descriptors;
  return only && others.length === 0 ? only.digest : digestOf(indexBytes(descriptors, annotations));
}

function descriptorOf(record: ImageRecord, manifest: Buffer): Descriptor {
  const platform = parsePlatform(record.platform);
  const { digest } = record;
  return { mediaType: MEDIA_TYPES.manifest, digest, size: manifest.length, platform };
}

/**
 * One name for several platforms, whose images are pushed already.
 *
 * @param tag by its digest alone where undefined
 */
export async function pushIndex(
  repository: Repository,
  tag: string | undefined,
  images: readonly Descriptor[],
  annotations?: Readonly<Record<string, string>>,
): Promise<Descriptor> {
  const bytes = indexBytes(images, annotations);
  const digest = digestOf(bytes);
  await repository.putManifest(tag ?? digest, bytes, MEDIA_TYPES.index);
  return { mediaType: MEDIA_TYPES.index, digest, size: bytes.length };
}

export interface AttachOptions {
  /** The manifest that it is about. */
  subject: Descriptor;
  /** `application/spdx+json` */
  artifactType: string;
  content: Buffer;
  /** RFC 3339; part of the digest. */
  created: string;
}

/**
 * Attaches a document (an SBOM) to an image as a referrer; where the registry does not list
 * referrers, under the tag `sha256-<hex>` that the specification has for this.
 *
 * @see OCI distribution-spec v1.1, spec.md#pushing-manifests-with-subject
 */
export async function attach(repository: Repository, options: AttachOptions): Promise<Descriptor> {
  const { artifactType, content, created } = options;
  const { mediaType, digest, size } = options.subject;
  const empty = Buffer.from('{}');
  const layer = await pushBytes(repository, content, artifactType);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    artifactType,
    config: await pushBytes(repository, empty, MEDIA_TYPES.empty),
    layers: [layer],
    subject: { mediaType, digest, size },
    annotations: { 'org.opencontainers.image.created': created },
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const descriptor: Descriptor = {
    mediaType: MEDIA_TYPES.manifest,
    digest: digestOf(bytes),
    size: bytes.length,
    artifactType,
  };
  const answer = await repository.putManifest(descriptor.digest, bytes, MEDIA_TYPES.manifest);
  if (!answer.headers['oci-subject']) await addToFallbackTag(repository, digest, descriptor);
  return descriptor;
}

/** What refers to an image, from the registry's list or the fallback tag. */
export async function referrers(repository: Repository, subject: Digest): Promise<Descriptor[]> {
  const index = await repository.getReferrers(subject);
  return (index ?? (await fallbackIndex(repository, subject)))?.manifests ?? [];
}

/** A small document, as a blob. */
export async function pushBytes(
  repository: Repository,
  bytes: Buffer,
  mediaType: string,
): Promise<Descriptor> {
  const digest = digestOf(bytes);
  const source = inMemory(new Map([[digest, bytes]]));
  await pushBlob(repository, { digest, sizeBytes: bytes.length, source });
  return { mediaType, digest, size: bytes.length };
}

async function addToFallbackTag(repository: Repository, subject: Digest, descriptor: Descriptor) {
  const known = (await fallbackIndex(repository, subject))?.manifests ?? [];
  const others = known.filter((item) => item.digest !== descriptor.digest);
  await pushIndex(repository, fallbackTag(subject), [...others, descriptor]);
}

async function fallbackIndex(repository: Repository, subject: Digest): Promise<Index | null> {
  const found = await repository.getManifest(fallbackTag(subject));
  return found && (JSON.parse(found.bytes.toString('utf8')) as Index);
}

function fallbackTag(subject: Digest): string {
  return `sha256-${hexOf(subject)}`;
}
