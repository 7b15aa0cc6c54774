import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BaseInput } from '@excel2doc/dockerfile';
import { cacheFolder, ociLayoutContext } from '@excel2doc/engine';
import { Repository, parseDigest, parseReference, pullImage, readLayout } from '@excel2doc/oci';
import { platformFolder } from '../infer/paths';
import { StagesError } from '../fault';

/** `docker/images.lock.json`: which digest each base image is taken at. In git. */
export interface LockFile {
  format: 1;
  images: Record<string, LockedImage>;
}

export interface LockedImage {
  /** Of the index; null while nobody has locked it. */
  digest: string | null;
  /** Platform -> digest of its manifest. */
  platforms?: Record<string, string>;
}

/**
 * `images.local.json` beside the lock: images that this machine has as OCI layouts, because no
 * registry answers here. Not in git; `npm start` writes it.
 */
export interface LocalImagesFile {
  format: 1;
  images: Record<string, Record<string, LocalImage>>;
}

export interface LocalImage {
  /** The manifest's digest. */
  digest: string;
  /** Absolute path of a full OCI layout. */
  layoutDir: string;
  /** The name that it has in the engine, which says that it is a stand-in. */
  tag: string;
}

/** The base images of a workspace: locked ones, and what stands in for them on this machine. */
export class Bases {
  constructor(
    private readonly locked: LockFile['images'],
    private readonly local: LocalImagesFile['images'],
  ) {}

  /**
   * Reads the lock file and its local companion; a missing one counts as empty.
   *
   * @throws StagesError `LOCK_INVALID` naming the file when it is no JSON.
   */
  static async read(workspaceRoot: string, lockFile: string): Promise<Bases> {
    const path = join(workspaceRoot, lockFile);
    const [locked, local] = await Promise.all([
      readLockedImages(path),
      readJson<LocalImagesFile>(join(dirname(path), 'images.local.json')),
    ]);
    return new Bases(locked, local?.images ?? {});
  }

  /** The digest that `reference` is taken at, or null when it is not locked. */
  digest(reference: string, platform: string): string | null {
    const locked = this.locked[reference];
    return (
      this.standIn(reference, platform)?.digest ??
      locked?.platforms?.[platform] ??
      locked?.digest ??
      null
    );
  }

  standIn(reference: string, platform: string): LocalImage | undefined {
    return this.local[reference]?.[platform];
  }

  /**
   * Absolute path of a full layout of `reference`: a stand-in's, or what the registry has under the
   * locked digest, fetched the first time that somebody needs its blobs.
   *
   * @throws StagesError `BASE_UNAVAILABLE` when it is neither here nor locked.
   */
  async layout(reference: string, platform: string): Promise<string> {
    const folder = this.layoutFolder(reference, platform);
    const digest = this.digest(reference, platform);
    if (!folder || !digest) {
      throw new StagesError('BASE_UNAVAILABLE', {
        message: `${reference} is not locked, and nothing stands in for it on this machine`,
        hint: 'Run `npm start`, or lock it with the target docker-lock',
      });
    }
    if (this.standIn(reference, platform)) return folder;
    const repository = new Repository(mirrored(reference));
    try {
      await pullImage(repository, parseDigest(digest), platform, folder);
    } finally {
      await repository.close();
    }
    return folder;
  }

  /** Where `layout` puts it, there or not yet; undefined for what is not locked. */
  layoutFolder(reference: string, platform: string): string | undefined {
    const standIn = this.standIn(reference, platform);
    if (standIn) return standIn.layoutDir;
    const digest = this.digest(reference, platform)?.slice('sha256:'.length);
    return digest && join(cacheFolder(), 'bases', 'registry', platformFolder(platform), digest);
  }

  /**
   * The bases as the planner takes them: digests for one platform and, where the image is here, the
   * environment that it hands down, which COPY paths may use.
   */
  async inputs(platform: string): Promise<Record<string, BaseInput>> {
    const inputs: Record<string, BaseInput> = {};
    for (const reference of Object.keys({ ...this.locked, ...this.local })) {
      const digest = this.digest(reference, platform);
      const standIn = this.standIn(reference, platform);
      const env = standIn && (await environmentOf(standIn.layoutDir, platform));
      inputs[reference] = env ? { digest, env } : digest;
    }
    return inputs;
  }

  /** How a build gets at `reference`, as the value of a named context. */
  context(reference: string, platform: string): string | undefined {
    const standIn = this.standIn(reference, platform);
    if (standIn)
      return ociLayoutContext({ dir: standIn.layoutDir, tag: 'stand-in', digest: standIn.digest });
    const digest = this.digest(reference, platform);
    return digest
      ? `docker-image://${mirrored(reference).replace(/:[^:/]+$/, '')}@${digest}`
      : undefined;
  }

  /** What Compose runs in place of the images that a file names: locked digests and stand-ins. */
  composeImages(platform: string): Record<string, string> {
    const references = Object.keys({ ...this.locked, ...this.local });
    return Object.fromEntries(
      references.flatMap((reference) => {
        const standIn = this.standIn(reference, platform);
        const digest = this.locked[reference]?.digest;
        const image = standIn ? standIn.tag : digest && `${reference}@${digest}`;
        return image ? [[reference, image]] : [];
      }),
    );
  }
}

/** `python:3.12` on the registry that EXCEL2DOC_REGISTRY_MIRROR names, where it names one. */
export function mirrored(reference: string): string {
  const mirror = (process.env['EXCEL2DOC_REGISTRY_MIRROR'] ?? '').replace(/^https?:\/\/|\/+$/g, '');
  const { registry, repository, tag } = parseReference(reference);
  if (!mirror || registry !== 'docker.io') return reference;
  return `${mirror}/${repository}${tag ? `:${tag}` : ''}`;
}

async function environmentOf(layoutDir: string, platform: string): Promise<Record<string, string>> {
  const { config } = await readLayout(layoutDir, platform);
  const pairs = (config.config?.Env ?? []).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

/** @throws StagesError `LOCK_INVALID` */
export async function readLockedImages(path: string): Promise<LockFile['images']> {
  return (await readJson<LockFile>(path))?.images ?? {};
}

async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new StagesError('LOCK_INVALID', {
      message: `${path} is no JSON`,
      hint: 'Restore it from git, or delete it and run `npm start`',
      cause,
    });
  }
}
