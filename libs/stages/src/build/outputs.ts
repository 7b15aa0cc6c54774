import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ociLayoutContext } from '@excel2doc/engine';
import {
  type Base,
  type BlobSource,
  type BlobStore,
  type Digest,
  type ImageRecord,
  type LayerPlace,
  type StageOutput,
  baseFromStage,
  layoutSource,
  readBaseImage,
  readImageRecord,
  sourceChain,
  writeLayoutFiles,
} from '@excel2doc/oci';
import { platformFolder, stageFolder } from '../workspace/paths';
import { Bases } from '../bases/bases';
import { linkLayout } from '../bases/project-images';
import type { DockerProject } from '../workspace/docker-project';
import { layerSource } from './layer-place';
import { sharedStore } from './layer-store';

/** The outputs of one project's stages for one platform, and what they are built on. */
export class Outputs {
  constructor(
    private readonly workspaceRoot: string,
    /** See `DockerProject.home`. */
    private readonly home: string,
    readonly platform: string,
    readonly bases: Bases,
  ) {}

  /** Those of a project, with the base images that are known now. @throws StagesError `LOCK_INVALID` */
  static async open(project: DockerProject, platform: string): Promise<Outputs> {
    const { root, home, lockFile } = project;
    return Outputs.at({ root, lockFile, home }, platform);
  }

  /** Those of a Dockerfile's home, with the images of other projects that it is built on. */
  private static async at(
    { root, lockFile, home }: { root: string; lockFile: string; home: string },
    platform: string,
  ): Promise<Outputs> {
    const bases = await Bases.read(root, lockFile, home);
    for (const image of bases.ofProjects(platform)) {
      await linkLayout(image, platform, async (folder) => {
        const { home, stage } = image.project!;
        const below = await Outputs.at({ root, lockFile, home }, platform);
        return below.context(stage, folder);
      });
    }
    return new Outputs(root, home, platform, bases);
  }

  /** Absolute path of a stage's output folder. */
  folder(stage: string): string {
    return join(this.workspaceRoot, stageFolder(this.home, stage), platformFolder(this.platform));
  }

  /** @throws OciError when the output is missing or not whole. */
  read(stage: string): Promise<StageOutput> {
    return readImageRecord(this.folder(stage));
  }

  /** A stage as what another is built FROM. */
  async base(stage: string): Promise<Base> {
    const { record, config } = await this.read(stage);
    return baseFromStage(stage, record, config);
  }

  /** The stage that a stage stands on below all others, itself where it stands on none, and what that is on. */
  async lowest(stage: string): Promise<{ stage: string; base: ImageRecord['base'] }> {
    const { base } = (await this.read(stage)).record;
    return base.kind === 'stage' ? this.lowest(base.stage) : { stage, base };
  }

  /** A base image as what a stage is built FROM. */
  async baseImage(reference: string, platform = this.platform): Promise<Base> {
    const layout = await this.bases.layout(reference, platform);
    return readBaseImage(layout, platform, reference);
  }

  /** Where the blobs of a base image are. */
  async baseImageSource(reference: string, platform = this.platform): Promise<BlobSource> {
    return layoutSource(await this.bases.layout(reference, platform));
  }

  /**
   * Where the blobs of a stage's whole image are: its own output, all that it is built on, and the
   * places that have the layers of these.
   */
  async source(stage: string): Promise<BlobSource> {
    const { folders, elsewhere } = await this.places(stage);
    const local = [...folders].map(layoutSource);
    if (elsewhere.length === 0) return sourceChain(local);
    return sourceChain([...local, ...new Set(elsewhere.map(layerSource))], {
      store: sharedStore(),
      report: (line) => void process.stdout.write(`! ${line}; the next place is asked\n`),
    });
  }

  private async places(
    stage: string,
    found = { folders: new Set<string>(), elsewhere: new Array<LayerPlace>() },
  ) {
    const { record, layersIn } = await this.read(stage);
    found.folders.add(this.folder(stage));
    if (layersIn) found.elsewhere.push(layersIn);
    // A layer can also come from a stage that is copied from, not built on.
    for (const { from } of record.layers) {
      const name = /^stage:(.+)$/.exec(from)?.[1];
      if (name === undefined || found.folders.has(this.folder(name))) continue;
      const other = await this.read(name);
      found.folders.add(this.folder(name));
      if (other.layersIn) found.elsewhere.push(other.layersIn);
    }
    const { base } = record;
    if (base.kind === 'image')
      found.folders.add(await this.bases.layout(base.reference, this.platform));
    if (base.kind === 'stage') await this.places(base.stage, found);
    return found;
  }

  /**
   * A stage's whole image as a named context for BuildKit: a layout in `target` made of links to
   * blobs that lie elsewhere.
   */
  async context(stage: string, target: string): Promise<string> {
    const { record, manifest } = await this.read(stage);
    const source = await this.source(stage);
    const { folders } = await this.places(stage);
    await mkdir(join(target, 'blobs', 'sha256'), { recursive: true });
    const blobs = [
      record.digest,
      record.configDigest,
      ...record.layers.map(({ digest }) => digest),
    ];
    for (const digest of new Set(blobs)) {
      const holder = await holderOf(digest, source, [...folders].map(layoutSource));
      const store = layoutSource(target);
      await symlink(holder.pathOf(digest), store.pathOf(digest));
    }
    const size = (await layoutSource(this.folder(stage)).sizeOf(record.digest)) ?? 0;
    await writeLayoutFiles(target, [
      {
        mediaType: manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
        digest: record.digest,
        size,
        annotations: { 'org.opencontainers.image.ref.name': 'stage' },
      },
    ]);
    return ociLayoutContext({ dir: target, tag: 'stage', digest: record.digest });
  }
}

/** The folder that has a blob, whole; one that is only elsewhere is fetched first. */
async function holderOf(
  digest: Digest,
  source: BlobSource,
  folders: BlobStore[],
): Promise<BlobStore> {
  for (const store of [...folders, sharedStore()]) {
    const isWhole = await store.check(digest).then(
      () => true,
      () => false,
    );
    if (isWhole) return store;
  }
  // What was fetched is kept in the shared store.
  (await source.open(digest)).destroy();
  return sharedStore();
}
