import { Readable } from 'node:stream';
import { type BlobSource, readBlob } from '../blob/source';
import { type Digest, digestOf, hexOf } from '../digest';
import {
  type Descriptor,
  type Index,
  type Manifest,
  MEDIA_TYPES,
  parsePlatform,
} from '../image/types';
import type { ImageRecord } from '../layout/record';
import { formatReference, parseReference } from '../reference';
import { encodeHeader, END_OF_ARCHIVE, padding } from '../tar/header';

export interface LoadTarOptions {
  record: ImageRecord;
  source: BlobSource;
  /** `excel2doc/backend:dev` */
  tags: string[];
  /**
   * Which layers travel: the stage's own, all, or the ones named. An engine that lacks one of the
   * others refuses the tar: then load all.
   */
  layers: 'own' | 'all' | ReadonlySet<Digest>;
  /**
   * `docker`: with the manifest in Docker's own format, and so under another digest. Podman reads a
   * HEALTHCHECK or a SHELL only of such an image. Layers in zstd have no name in it: these stay `oci`.
   */
  manifest?: 'oci' | 'docker';
}

/**
 * What `docker load` reads: an OCI layout for the containerd store, with a manifest.json for the
 * classic one. Every blob is verified on its way: a damaged one breaks the stream off before the
 * archive's end.
 *
 * @throws OciError (as the stream's error) `BLOB_MISSING`, `BLOB_DAMAGED`
 * @see Docker image specification v1.2, combined image JSON and filesystem changeset format
 */
export function loadTar(options: LoadTarOptions): Readable {
  return Readable.from(parts(options), { objectMode: false });
}

async function* parts(options: LoadTarOptions): AsyncGenerator<Buffer> {
  const { record, source, tags, layers } = options;
  const manifest = manifestBlob(await readBlob(source, record.digest), record, options.manifest);
  const names = tags.map((tag) => formatReference(parseReference(tag)));
  yield* file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  yield* file('index.json', json(index(record, manifest, names)));
  yield* file('manifest.json', json(dockerManifest(record, tags)));
  yield* folder('blobs');
  yield* folder('blobs/sha256');
  yield* file(blobPath(manifest.digest), manifest.bytes);
  yield* file(blobPath(record.configDigest), await readBlob(source, record.configDigest));
  const sent = new Set<Digest>();
  for (const layer of record.layers) {
    const wanted =
      layers === 'all' || (layers === 'own' ? layer.from === 'self' : layers.has(layer.digest));
    if (!wanted || sent.has(layer.digest)) continue;
    sent.add(layer.digest);
    yield encodeHeader(fileEntry(blobPath(layer.digest), layer.sizeBytes));
    yield* await source.open(layer.digest);
    yield padding(layer.sizeBytes);
  }
  yield END_OF_ARCHIVE;
}

interface ManifestBlob {
  bytes: Buffer;
  digest: Digest;
  mediaType: string;
}

function manifestBlob(
  bytes: Buffer,
  { digest, layers }: ImageRecord,
  format: LoadTarOptions['manifest'],
): ManifestBlob {
  const isZstd = layers.some(({ mediaType }) => mediaType.endsWith('+zstd'));
  if (format !== 'docker' || isZstd) return { bytes, digest, mediaType: MEDIA_TYPES.manifest };
  const manifest = JSON.parse(bytes.toString()) as Manifest;
  const inDockers = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.dockerManifest,
    config: { ...manifest.config, mediaType: 'application/vnd.docker.container.image.v1+json' },
    layers: manifest.layers.map((layer) => ({
      ...layer,
      mediaType: layer.mediaType
        .replace(MEDIA_TYPES.layerTar, 'application/vnd.docker.image.rootfs.diff.tar')
        .replace('.tar+gzip', '.tar.gzip'),
    })),
  });
  return { bytes: inDockers, digest: digestOf(inDockers), mediaType: MEDIA_TYPES.dockerManifest };
}

function index(record: ImageRecord, manifest: ManifestBlob, names: string[]): Index {
  const descriptor: Descriptor = {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    platform: parsePlatform(record.platform),
  };
  const named = names.map((name) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': parseReference(name).tag ?? 'latest',
    },
  }));
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.index,
    manifests: named.length > 0 ? named : [descriptor],
  };
}

function dockerManifest(record: ImageRecord, tags: string[]) {
  return [
    {
      Config: blobPath(record.configDigest),
      RepoTags: tags.length > 0 ? tags : null,
      Layers: record.layers.map((layer) => blobPath(layer.digest)),
    },
  ];
}

function* file(path: string, content: Buffer): Generator<Buffer> {
  yield encodeHeader(fileEntry(path, content.length));
  yield content;
  yield padding(content.length);
}

function* folder(path: string): Generator<Buffer> {
  yield encodeHeader({ ...fileEntry(path, 0), type: 'directory', mode: 0o755 });
}

function fileEntry(path: string, sizeBytes: number) {
  return { path, type: 'file' as const, mode: 0o644, uid: 0, gid: 0, sizeBytes, mtimeS: 0 };
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
