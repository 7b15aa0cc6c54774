import {
  type BlobSource,
  type Digest,
  type ImageRecord,
  type Pushed,
  type Repository,
  SPDX_MEDIA_TYPE,
  attach,
  parseDigest,
  parseReference,
  pushImage,
  pushIndex,
  sbom,
} from '@excel2doc/oci';
import { atMirror } from '../bases/bases';
import type { DockerProject } from '../workspace/docker-project';
import { annotationsAt, type Description } from '../names/description';
import { describedStage } from './described';
import { withHealing } from './healing';
import { Outputs } from './outputs';
import { readPlan } from '../plan/read';

export interface StagePush {
  project: DockerProject;
  stage: string;
  /** The image's name in the SBOM. */
  name: string;
  repository: Repository;
  /** Names for what is pushed, made from its digest and those of its platforms. */
  tags: (digest: Digest, platforms: Digest[]) => string[];
  sbom: boolean;
  /** What is said about it. */
  said: Description;
  /** What has to be there before anybody sees a tag, such as a signature. */
  beforeTags?: ((whole: Digest, parts: PushedPart[]) => Promise<void>) | undefined;
}

type PartPush = Omit<StagePush, 'tags' | 'beforeTags'>;

/** A stage's image of one platform, in the registry. */
export interface PushedPart extends Pushed {
  platform: string;
  /** The stage's image as its output has it, before it was described. */
  made: Digest;
  standIn: boolean;
  /** The document that refers to it. */
  sbom: Digest | null;
}

export interface PushedStage {
  /** What the tags name: the image, or the index of several. */
  digest: Digest;
  tags: string[];
  platforms: PushedPart[];
}

/**
 * Pushes a stage's image for every platform of its output folder, their SBOMs, and then the tags:
 * nobody sees a tag whose image is not whole.
 *
 * @throws StagesError `PLAN_MISSING` when the stage was not built; OciError from the registry
 */
export async function pushStage(push: StagePush): Promise<PushedStage> {
  return joinParts(push, await pushParts(push));
}

/**
 * The platforms of a stage's output folder and their SBOMs, without a tag.
 *
 * @throws StagesError `PLAN_MISSING` when the stage was not built; OciError from the registry
 */
export async function pushParts(push: PartPush): Promise<PushedPart[]> {
  const { project, stage } = push;
  const plan = await readPlan(project, stage);
  const parts: PushedPart[] = [];
  for (const { platform } of plan.platforms) {
    const outputs = await Outputs.open(project, platform);
    parts.push(
      await withHealing({ project, outputs }, { stages: [stage] }, () =>
        pushPlatform(push, outputs),
      ),
    );
  }
  return parts;
}

/** Gives parts that are in the registry, from whatever machine, their names: through one index where they are several. */
export async function joinParts(
  {
    repository,
    said,
    tags: tagsOf,
    beforeTags,
  }: Pick<StagePush, 'repository' | 'said' | 'tags' | 'beforeTags'>,
  parts: PushedPart[],
): Promise<PushedStage> {
  const digest = await wholeOf(repository, said, parts);
  const tags = [
    ...new Set(
      tagsOf(
        digest,
        parts.map(({ descriptor }) => descriptor.digest),
      ),
    ),
  ];
  await beforeTags?.(digest, parts);
  const found = await repository.getManifest(digest);
  for (const tag of tags)
    await repository.putManifest(tag, found!.bytes, found!.descriptor.mediaType);
  return { digest, tags, platforms: parts };
}

/** The image, or the index of several. */
async function wholeOf(
  repository: Repository,
  { annotations }: Description,
  parts: PushedPart[],
): Promise<Digest> {
  const [only, ...others] = parts;
  if (only && others.length === 0) return only.descriptor.digest;
  const descriptors = parts.map(({ descriptor, platform }) => {
    const own = annotationsAt(annotations, 'manifest-descriptor', platform);
    return { ...descriptor, ...(Object.keys(own).length > 0 && { annotations: own }) };
  });
  const ofIndex = annotationsAt(annotations, 'index');
  return (await pushIndex(repository, undefined, descriptors, ofIndex)).digest;
}

async function pushPlatform(push: PartPush, outputs: Outputs): Promise<PushedPart> {
  const { repository, stage } = push;
  const { record, source } = await describedStage(outputs, stage, push.said);
  const made = (await outputs.read(stage)).record.digest;
  const base = await baseImageOf(outputs, record);
  const from = base ? parseReference(atMirror(base)) : undefined;
  const isNear = from?.registry === parseReference(repository.name).registry;
  const pushed = await pushImage(repository, {
    record,
    source,
    ...(isNear && from && { mountFrom: from.repository }),
  });
  const document = push.sbom && (await attachSbom(push, record, source, pushed));
  return {
    ...pushed,
    platform: record.platform,
    made,
    standIn: base !== undefined && outputs.bases.standIn(base, record.platform) !== undefined,
    sbom: document || null,
  };
}

/** The image that a stage is built on in the end; undefined for one from scratch. */
async function baseImageOf(outputs: Outputs, { base }: ImageRecord): Promise<string | undefined> {
  if (base.kind === 'stage') {
    return baseImageOf(outputs, (await outputs.read(base.stage)).record);
  }
  return base.kind === 'image' ? base.reference : undefined;
}

async function attachSbom(
  push: PartPush,
  record: ImageRecord,
  source: BlobSource,
  { descriptor }: Pushed,
): Promise<Digest> {
  const epochS = Number(process.env['SOURCE_DATE_EPOCH'] ?? 0);
  const inputs = await inputsOf(push, record.platform);
  const content = await sbom({ record, source, name: push.name, inputs, epochS });
  const created = new Date(epochS * 1000).toISOString();
  const artifactType = SPDX_MEDIA_TYPE;
  const options = { subject: descriptor, artifactType, content, created };
  return (await attach(push.repository, options)).digest;
}

/** Digests of the context's files that went into a stage and the stages below it. */
async function inputsOf(push: PartPush, platform: string): Promise<Record<string, Digest>> {
  const inputs: Record<string, Digest> = {};
  const queue = [push.stage];
  for (const stage of queue) {
    const { platforms } = await readPlan(push.project, stage);
    const plan = platforms.find((each) => each.platform === platform);
    if (!plan) continue;
    for (const file of plan.files) {
      // A requirements file has the digest of its meaning, which its bytes do not have.
      if (file.type === 'file' && file.by === undefined)
        inputs[file.path] = parseDigest(file.digest);
    }
    const below = plan.base.kind === 'stage' ? [plan.base.stage, ...plan.stages] : plan.stages;
    queue.push(...below.filter((name) => !queue.includes(name)));
  }
  return inputs;
}
