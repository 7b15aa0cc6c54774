import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { runChild } from '../client/child';
import { unpackTar } from './unpack';

/** An image in an OCI layout folder. */
export interface LayoutImage {
  dir: string;
  /** Of the manifest. */
  digest: string;
}

/** What an engine does to bring images in and out as tars. */
export interface ImageTransfer {
  loadImage(tar: Readable): Promise<unknown>;
  saveImage(reference: string, sink: Writable): Promise<void>;
}

interface Manifest {
  mediaType?: string;
  config: { digest: string };
  layers: { digest: string }[];
}

/**
 * Loads an image of a layout into the engine as `tag`. The layout has to hold all layers that the
 * engine lacks.
 *
 * @throws EngineError `LAYERS_MISSING`
 */
export async function loadLayout(
  engine: ImageTransfer,
  image: LayoutImage,
  tag: string,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'excel2doc-load-'));
  try {
    await writeNames(scratch, image, tag);
    const tar = new PassThrough();
    const files = [
      '-C',
      scratch,
      'index.json',
      'manifest.json',
      '-C',
      image.dir,
      'oci-layout',
      'blobs',
    ];
    // Of a stage that another is built with, the layout is links to blobs that lie elsewhere.
    const packed = runChild('tar', 'tar', ['--create', '--dereference', '--file', '-', ...files], {
      baseEnv: process.env,
      sink: tar,
    });
    await Promise.all([engine.loadImage(tar), packed]);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Writes an image of the engine as an OCI layout folder, which is made where it is missing. */
export async function saveLayout(
  engine: ImageTransfer,
  reference: string,
  dir: string,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { sink, done } = unpackTar(dir);
  await Promise.all([engine.saveImage(reference, sink), done]);
  // Docker's own additions to what is else an OCI layout.
  for (const name of ['manifest.json', 'repositories']) await rm(join(dir, name), { force: true });
}

/** Says which image to load under which name: index.json to the containerd store, manifest.json to
 * the classic one. */
async function writeNames(scratch: string, image: LayoutImage, tag: string): Promise<void> {
  const bytes = await readFile(join(image.dir, blobPath(image.digest)));
  const manifest = JSON.parse(bytes.toString()) as Manifest;
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
        digest: image.digest,
        size: bytes.length,
        annotations: { 'io.containerd.image.name': fullName(tag) },
      },
    ],
  };
  const forClassicStore = {
    Config: blobPath(manifest.config.digest),
    RepoTags: [tag],
    Layers: manifest.layers.map(({ digest }) => blobPath(digest)),
  };
  await writeFile(join(scratch, 'index.json'), JSON.stringify(index));
  await writeFile(join(scratch, 'manifest.json'), JSON.stringify([forClassicStore]));
}

/** 'redis:7' -> 'docker.io/library/redis:7', as the containerd store names it. */
export function fullName(reference: string): string {
  const [first = ''] = reference.split('/');
  if (!reference.includes('/')) return `docker.io/library/${reference}`;
  return /[.:]|^localhost$/.test(first) ? reference : `docker.io/${reference}`;
}

/** An OCI layout as a named context. Always with tag and digest: one without the other fails in some
 * buildx (buildx#3793), and a colon in the path breaks it (buildx#4092). */
export function ociLayoutContext(layout: LayoutImage & { tag: string }): string {
  return `oci-layout://${layout.dir}:${layout.tag}@${layout.digest}`;
}

/** The layout that a named context is; undefined for another kind of context. */
export function parseLayoutContext(context: string): LayoutImage | undefined {
  const match = /^oci-layout:\/\/(.+?)(?::[^:/@]+)?@(sha256:[0-9a-f]{64})$/.exec(context);
  return match ? { dir: match[1]!, digest: match[2]! } : undefined;
}

function blobPath(digest: string): string {
  return join('blobs', ...digest.split(':'));
}
