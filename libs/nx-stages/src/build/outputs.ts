import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ociLayoutContext } from '@excel2doc/engine';
import {
  type Base,
  type BlobSource,
  type StageOutput,
  baseFromStage,
  layoutSource,
  readBaseImage,
  readImageRecord,
  sourceChain,
  writeLayoutFiles,
} from '@excel2doc/oci';
import { platformFolder, stageFolder } from '../infer/paths';
import type { Bases } from './bases';

/** The outputs of one project's stages for one platform, and what they are built on. */
export class Outputs {
  constructor(
    private readonly workspaceRoot: string,
    private readonly projectRoot: string,
    readonly platform: string,
    private readonly bases: Bases,
  ) {}

  /** Absolute path of a stage's output folder. */
  folder(stage: string): string {
    return join(
      this.workspaceRoot,
      stageFolder(this.projectRoot, stage),
      platformFolder(this.platform),
    );
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

  /** A base image as what a stage is built FROM. */
  async baseImage(reference: string): Promise<Base> {
    const layout = await this.bases.layout(reference, this.platform);
    return readBaseImage(layout, this.platform, reference);
  }

  /** Where the blobs of a base image are. */
  async baseImageSource(reference: string): Promise<BlobSource> {
    return layoutSource(await this.bases.layout(reference, this.platform));
  }

  /** Where the blobs of a stage's whole image are: its own output, then all that it is built on. */
  async source(stage: string): Promise<BlobSource> {
    return sourceChain((await this.folders(stage)).map(layoutSource));
  }

  private async folders(stage: string): Promise<string[]> {
    const { record } = await this.read(stage);
    // A layer can also come from a stage that is copied from, not built on.
    const stages = new Set(
      record.layers.flatMap(({ from }) => /^stage:(.+)$/.exec(from)?.[1] ?? []),
    );
    const folders = [this.folder(stage), ...[...stages].map((name) => this.folder(name))];
    if (record.base.kind === 'image')
      folders.push(await this.bases.layout(record.base.reference, this.platform));
    if (record.base.kind === 'stage') folders.push(...(await this.folders(record.base.stage)));
    return [...new Set(folders)];
  }

  /**
   * A stage's whole image as a named context for BuildKit: a layout in `target` made of links to
   * blobs that lie elsewhere.
   */
  async context(stage: string, target: string): Promise<string> {
    const { record, manifest } = await this.read(stage);
    const folders = await this.folders(stage);
    await mkdir(join(target, 'blobs', 'sha256'), { recursive: true });
    const blobs = [
      record.digest,
      record.configDigest,
      ...record.layers.map(({ digest }) => digest),
    ];
    for (const digest of new Set(blobs)) {
      const holder = await firstWith(folders, digest);
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

async function firstWith(folders: string[], digest: StageOutput['record']['digest']) {
  for (const folder of folders) {
    const store = layoutSource(folder);
    if (await store.has(digest)) {
      await store.check(digest);
      return store;
    }
  }
  return layoutSource(folders[0] as string);
}
