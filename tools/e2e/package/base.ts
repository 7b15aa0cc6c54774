import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { standInBase } from '@excel2doc/dockerfile/testing/stand-in';
import type { Engine } from '@excel2doc/engine';
import {
  type Digest,
  type ImageRecord,
  Repository,
  layoutSource,
  parseReference,
  pushImage,
  readLayout,
} from '@excel2doc/oci';
import { STAND_IN_TAG, writeLayout } from '../../bases/layout';

/** The images that the sets and the tutorial are built on: one small image stands in for each. */
const REFERENCES = [
  'busybox:1',
  'debian:12',
  'debian:12-slim',
  'eclipse-temurin:21-jre',
  'ghcr.io/astral-sh/uv:python3.12-alpine',
  'golang:1.23',
  'maven:3-eclipse-temurin-21',
  'nginx:alpine',
  'node:22-alpine',
  'node:22-slim',
  'php:8.3-cli',
  'python:3.12-slim',
  'ruby:3.3',
  'rust:1-slim',
];

const TOOLS = ['apt-get', 'bundle', 'cargo', 'composer', 'go', 'mvn', 'npm', 'pip', 'uv'];

/**
 * A compiler or an installer, reduced to what it reads: its result is the digest of every file below
 * its folder, so that an image differs as soon as one of them does.
 */
const TOOL = `#!/bin/sh
set -e
out=/opt/installed
[ "\${0##*/}" = npm ] && out=node_modules/.package-lock.json
for word; do
  [ "$before" = -o ] && out=$word
  before=$word
done
mkdir -p "$(dirname "$out")"
seen=$(find . -xdev -type f ! -path './proc/*' ! -path './sys/*' | sort | xargs -r sha256sum)
echo "\${0##*/} $*
$seen" > "$out"
`;

export interface StandIn {
  platform: string;
  layoutDir: string;
  digest: string;
  references: readonly string[];
  /** As docker/images.local.json of a workspace. */
  localImages: string;
}

/** Makes the stand-in's layout in `folder`. */
export async function makeStandIn(engine: Engine, folder: string): Promise<StandIn> {
  const root = join(folder, 'root');
  for (const path of ['bin', 'etc', 'tmp', 'usr/local/bin', 'opt'])
    mkdirSync(join(root, path), { recursive: true });
  cpSync(join(standInBase(), 'bin/busybox'), join(root, 'bin/busybox'));
  const applets = execFileSync(join(root, 'bin/busybox'), ['--list'], { encoding: 'utf8' });
  for (const name of applets.split('\n').filter((each) => each && each !== 'busybox'))
    symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'bin/tool'), TOOL);
  chmodSync(join(root, 'bin/tool'), 0o755);
  for (const name of TOOLS) {
    rmSync(join(root, 'bin', name), { force: true });
    symlinkSync('tool', join(root, 'bin', name));
  }
  const users = ['root:x:0:0', 'node:x:1000:1000', 'app:x:10001:10001'];
  writeFileSync(join(root, 'etc/passwd'), users.map((user) => `${user}::/:/bin/sh\n`).join(''));
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\napp:x:10001:\n');
  const tar = join(folder, 'layer.tar');
  const stable = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  execFileSync('tar', [...stable, '-cf', tar, '-C', root, '.']);
  return standInOf(tar, join(folder, 'layout'), engine.platform, []);
}

/** Another image of the same files, which another release of it would be; its layout is in `folder`. */
export async function changedStandIn(
  { layoutDir, platform }: StandIn,
  folder: string,
): Promise<StandIn> {
  const { manifest } = await readLayout(layoutDir, platform);
  const [algorithm = '', hex = ''] = manifest.layers[0]?.digest.split(':') ?? [];
  // Whoever writes a layout takes the tar away.
  const tar = `${folder}.tar`;
  cpSync(join(layoutDir, 'blobs', algorithm, hex), tar);
  return standInOf(tar, folder, platform, ['RELEASE=2']);
}

async function standInOf(
  tar: string,
  layoutDir: string,
  platform: string,
  variables: readonly string[],
): Promise<StandIn> {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const digest = await writeLayout(layoutDir, tar, {
    config: { Env: [path, ...variables], Cmd: ['sh'] },
    architecture: platform.split('/')[1] ?? 'amd64',
  });
  const local = { digest, layoutDir, tag: 'package-e2e/stand-in:1' };
  const images = Object.fromEntries(
    REFERENCES.map((reference) => [reference, { [platform]: local }]),
  );
  const localImages = `${JSON.stringify({ format: 1, images }, undefined, 2)}\n`;
  return { platform, layoutDir, digest, references: REFERENCES, localImages };
}

/** Puts the stand-in where a registry has an image of that name: `localhost:5000/library/node:22-slim`. */
export async function pushStandIn(
  { layoutDir, platform }: Pick<StandIn, 'layoutDir' | 'platform'>,
  name: string,
): Promise<void> {
  const { descriptor, manifest, config } = await readLayout(layoutDir, platform);
  const layers = manifest.layers.map(({ digest, size, mediaType }, at) => ({
    digest,
    mediaType,
    sizeBytes: size,
    from: 'self' as const,
    diffId: config.rootfs.diff_ids[at] as Digest,
  }));
  const record: ImageRecord = {
    format: 1,
    digest: descriptor.digest,
    configDigest: manifest.config.digest,
    platform,
    layers,
    base: { kind: 'scratch' },
    sizeBytes: 0,
    ownSizeBytes: 0,
  };
  const repository = new Repository(name);
  try {
    const { tag } = parseReference(name);
    await pushImage(repository, { record, source: layoutSource(layoutDir), ...(tag && { tag }) });
  } finally {
    await repository.close();
  }
}

/** The context that a plain build takes for a base image. */
export function standInContext({ layoutDir, digest }: StandIn): string {
  return `oci-layout://${layoutDir}:${STAND_IN_TAG}@${digest}`;
}
