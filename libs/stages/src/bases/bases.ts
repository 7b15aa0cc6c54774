import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BaseFacts, type BaseInput, familiarReference } from '@excel2doc/dockerfile';
import {
  type LockFile,
  type LockedImage,
  cacheFolder,
  ociLayoutContext,
  readLock,
} from '@excel2doc/engine';
import {
  type ImageConfig,
  Repository,
  mirrored,
  parseDigest,
  parseReference,
  pullImage,
  readLayout,
} from '@excel2doc/oci';
import { outputRoot, platformFolder } from '../workspace/paths';
import { StagesError } from '../workspace/fault';
import type { ProjectImage } from '../workspace/project-image';

/**
 * `images.local.json` beside the lock: images that this machine has as OCI layouts, because no
 * registry answers here. Not in git.
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

/**
 * What was found, at the last plan, of images that nobody has locked: reference -> platform. Beside
 * the plans, where each Dockerfile has its own.
 */
export interface FoundImagesFile {
  format: 1;
  images: Record<string, Record<string, FoundImage>>;
}

/** In a registry; in the engine alone, where it is a layout too. */
export type FoundImage = Pick<LockedImage, 'env' | 'onbuild'> & {
  digest: string;
  /** The project that builds it: what a registry or the lock has under this name is not meant. */
  project?: Pick<ProjectImage, 'home' | 'stage'> & { name: string };
  /** A named context: what a registry or the lock has under this name is not meant. */
  isContext?: boolean;
  /** The image that a named context is another name of. */
  standsFor?: string;
} & Partial<Pick<LocalImage, 'layoutDir' | 'tag'>>;

/** Relative to the workspace. */
export function foundImagesFile(home: string): string {
  return join(outputRoot(home), 'unlocked-images.json');
}

/** The base images of a workspace: locked ones, and what stands in for them on this machine. */
export class Bases {
  constructor(
    private readonly locked: LockFile['images'],
    private readonly local: LocalImagesFile['images'],
    private readonly found: FoundImagesFile['images'] = {},
    private readonly fresh: Readonly<Record<string, string>> = {},
  ) {}

  /**
   * Reads the lock file and its local companion; a missing one counts as empty.
   *
   * @param home of the Dockerfile whose unlocked images count, too; see `outputHome`
   * @throws StagesError `LOCK_INVALID` naming the file when it is no JSON.
   */
  static async read(workspaceRoot: string, lockFile: string, home?: string): Promise<Bases> {
    const path = join(workspaceRoot, lockFile);
    const [lock, local, found] = await Promise.all([
      readLock(path),
      readJson<LocalImagesFile>(join(dirname(path), 'images.local.json')),
      home === undefined
        ? undefined
        : readJson<FoundImagesFile>(join(workspaceRoot, foundImagesFile(home))),
    ]);
    return new Bases(lock?.images ?? {}, local?.images ?? {}, found?.images, lock?.fresh);
  }

  /** The same with what was found of images that nobody has locked. */
  withFound(found: FoundImagesFile['images']): Bases {
    return new Bases(this.locked, this.local, found, this.fresh);
  }

  /** When the RUN steps of a Dockerfile were last made anew; undefined where nobody has asked for it. */
  freshOf(dockerfile: string): string | undefined {
    return this.fresh[dockerfile];
  }

  /** Those of `references` that are neither locked nor here. */
  unlocked(references: readonly string[], platform: string): string[] {
    const known = Object.keys({ ...this.locked, ...this.local }).filter((reference) =>
      this.digest(reference, platform),
    );
    const names = new Set(known.map(familiarReference));
    return references.filter((reference) => !names.has(familiarReference(reference)));
  }

  /** Those that no registry had when they were locked, and that are not here as layouts. */
  lockedInEngine(references: readonly string[], platform: string): string[] {
    return references.filter(
      (each) => this.locked[each]?.from === 'engine' && !this.here(each, platform),
    );
  }

  /** The digest that `reference` is taken at, or null when it is not locked. */
  digest(named: string, platform: string): string | null {
    const reference = this.meant(named, platform);
    const locked = this.locked[reference];
    return (
      this.ofWorkspace(reference, platform)?.digest ??
      this.standIn(reference, platform)?.digest ??
      locked?.platforms?.[platform] ??
      locked?.digest ??
      this.found[reference]?.[platform]?.digest ??
      null
    );
  }

  /** The image that a name is another one of, as a named context says. */
  private meant(reference: string, platform: string): string {
    return this.found[reference]?.[platform]?.standsFor ?? reference;
  }

  /** What a project of the workspace builds under this name. */
  ofProject(reference: string, platform: string): FoundImage | undefined {
    const found = this.ofWorkspace(reference, platform);
    return found?.project && found;
  }

  /** The same, or a named context. */
  private ofWorkspace(reference: string, platform: string): FoundImage | undefined {
    const found = this.found[reference]?.[platform];
    return (found?.project ?? found?.isContext) ? found : undefined;
  }

  /** All of these for a platform. */
  ofProjects(platform: string): FoundImage[] {
    return Object.values(this.found).flatMap((platforms) => {
      const image = platforms[platform];
      return image?.project ? image : [];
    });
  }

  standIn(reference: string, platform: string): LocalImage | undefined {
    return this.local[reference]?.[platform];
  }

  /** The image as a layout that no registry has: a stand-in, or one that only the engine had. */
  here(named: string, platform: string): LocalImage | undefined {
    const reference = this.meant(named, platform);
    if (!this.ofWorkspace(reference, platform)) {
      const standIn = this.standIn(reference, platform);
      const { digest: locked, from } = this.locked[reference] ?? {};
      if (standIn || (locked && from !== 'engine')) return standIn;
    }
    const { digest, layoutDir, tag } = this.found[reference]?.[platform] ?? {};
    if (digest !== this.digest(reference, platform)) return undefined;
    return digest && layoutDir && tag ? { digest, layoutDir, tag } : undefined;
  }

  /**
   * Absolute path of a full layout of `reference`: a stand-in's, or what the registry has under the
   * locked digest, fetched the first time that somebody needs its blobs.
   *
   * @throws StagesError `BASE_UNAVAILABLE` when it is neither here nor locked, or locked to what only
   *   an engine had.
   */
  async layout(named: string, platform: string): Promise<string> {
    const reference = this.meant(named, platform);
    const folder = this.layoutFolder(reference, platform);
    const digest = this.digest(reference, platform);
    if (!folder || !digest) {
      throw new StagesError('BASE_UNAVAILABLE', {
        message: `${reference} is not locked, and nothing stands in for it on this machine`,
        hint: 'Lock it with the target docker-lock',
      });
    }
    if (this.here(reference, platform)) return folder;
    if (this.locked[reference]?.from === 'engine') throw notInEngine(reference, digest);
    const repository = new Repository(atMirror(reference));
    try {
      await pullImage(repository, parseDigest(digest), platform, folder);
    } finally {
      await repository.close();
    }
    return folder;
  }

  /** Where `layout` puts it, there or not yet; undefined for what is not locked. */
  layoutFolder(reference: string, platform: string): string | undefined {
    const here = this.here(reference, platform);
    if (here) return here.layoutDir;
    const digest = this.digest(reference, platform)?.slice('sha256:'.length);
    return digest && join(cacheFolder(), 'bases', 'registry', platformFolder(platform), digest);
  }

  /**
   * The bases as the planner takes them: the digest for a platform and what is known of the image's
   * configuration, with what is different on the other platforms that are known.
   *
   * @param references those that a Dockerfile names; others are left out
   */
  async inputs(
    references: readonly string[],
    platform: string,
  ): Promise<Record<string, BaseInput>> {
    const { locked, local, found } = this;
    const inputs: Record<string, BaseInput> = {};
    const named = new Set(references.map(familiarReference));
    for (const reference of Object.keys({ ...locked, ...local, ...found })) {
      if (!named.has(familiarReference(reference))) continue;
      const others: BaseFacts['platforms'] = {};
      const known = { ...locked[reference]?.platforms, ...local[reference], ...found[reference] };
      for (const other of Object.keys(known))
        if (other !== platform) others[other] = await this.facts(reference, other);
      inputs[reference] = { ...(await this.facts(reference, platform)), platforms: others };
    }
    return inputs;
  }

  private async facts(named: string, platform: string): Promise<BaseFacts> {
    const reference = this.meant(named, platform);
    const made = this.ofWorkspace(reference, platform);
    if (made) {
      const { digest, env, onbuild } = made;
      return { digest, ...(env && { env }), ...(onbuild && { onbuild }) };
    }
    const standIn = this.standIn(reference, platform);
    const digest = this.digest(reference, platform);
    if (standIn) return { digest, ...(await layoutFacts(standIn.layoutDir, platform)) };
    const locked = this.locked[reference];
    const { env, onbuild = 'unknown' } =
      (locked?.digest ? locked : this.found[reference]?.[platform]) ?? {};
    return {
      digest,
      ...(digest !== null && { onbuild }),
      ...(env && { env }),
      ...(!locked?.digest && { isUnlocked: true }),
    };
  }

  /** The variables that an image hands down, as the plan was made with them. */
  async environment(reference: string, platform: string): Promise<Record<string, string>> {
    return (await this.facts(reference, platform)).env ?? {};
  }

  /** How a build gets at `reference`, as the value of a named context. */
  context(named: string, platform: string): string | undefined {
    const reference = this.meant(named, platform);
    const here = this.here(reference, platform);
    if (here)
      return ociLayoutContext({ dir: here.layoutDir, tag: 'stand-in', digest: here.digest });
    const digest = this.digest(reference, platform);
    if (digest && this.locked[reference]?.from === 'engine') throw notInEngine(reference, digest);
    return digest ? `docker-image://${withDigest(atMirror(reference), digest)}` : undefined;
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

function notInEngine(reference: string, digest: string): StagesError {
  return new StagesError('BASE_UNAVAILABLE', {
    message: `${reference} is locked to ${digest.slice(0, 19)}, which only an engine had, and this one does not have it`,
    hint: 'Load it into the engine, push it to a registry, or lock what is there with docker-lock --update',
  });
}

/** Where an image is asked for: at the mirror of Docker Hub that NX_STAGES_REGISTRY_MIRROR names. */
export function atMirror(reference: string): string {
  return mirrored(reference, process.env['NX_STAGES_REGISTRY_MIRROR'] ?? '');
}

type Facts = Required<Pick<LockedImage, 'env' | 'onbuild'>>;

/** What an image hands down to what is built on it. */
export function configFacts({ config }: ImageConfig): Facts {
  const pairs = (config?.Env ?? []).map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return { env: Object.fromEntries(pairs), onbuild: config?.OnBuild ?? [] };
}

async function layoutFacts(layoutDir: string, platform: string): Promise<Facts> {
  return configFacts((await readLayout(layoutDir, platform)).config);
}

/** The same image by a digest; a name's tag and digest of before go. */
function withDigest(reference: string, digest: string): string {
  const { registry, repository } = parseReference(reference);
  return `${registry}/${repository}@${digest}`;
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
      hint: 'Restore it from git, or delete it and lock again with the target docker-lock',
      cause,
    });
  }
}
