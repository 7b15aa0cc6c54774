import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ImageConfig } from './recipe';

/** The tag in a stand-in's layout: it shows wherever BuildKit names the image. */
export const STAND_IN_TAG = 'stand-in';

const EPOCH = '1970-01-01T00:00:00Z';

/**
 * Makes `folder` an OCI layout of one image with one layer, the tar file `layerTar`, which is moved
 * in. The layer stays uncompressed: its digest then depends on the files only, not on a zlib.
 *
 * @returns digest of the manifest
 * @see OCI image-spec v1.1: image-layout.md, manifest.md, config.md
 */
export async function writeLayout(
  folder: string,
  layerTar: string,
  image: { config: ImageConfig; architecture: string },
): Promise<string> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const hash = createHash('sha256');
  await pipeline(createReadStream(layerTar), hash);
  const layerHex = hash.digest('hex');
  const { size } = await stat(layerTar);
  await rename(layerTar, join(blobs, layerHex));

  const writeJson = async (value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const platform = { architecture: image.architecture, os: 'linux' };
  const config = await writeJson({
    created: EPOCH,
    ...platform,
    config: image.config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${layerHex}`] },
    history: [{ created: EPOCH, created_by: 'stand-in: mmdebstrap' }],
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await writeJson({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${layerHex}`, size },
    ],
  });
  await writeFile(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const annotations = { 'org.opencontainers.image.ref.name': STAND_IN_TAG };
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ mediaType, ...manifest, platform, annotations }],
    }),
  );
  return manifest.digest;
}
