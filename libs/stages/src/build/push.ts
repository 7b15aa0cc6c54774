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
  /** Names for what is pushed, made from its digest: the first is set first. */
  tags: (digest: Digest) => string[];
  sbom: boolean;
  /** What is said about it. */
  said: Description;
}

export interface PushedStage {
  /** What the tags name: the image, or the index of several. */
  digest: Digest;
  tags: string[];
  platforms: (Pushed & { platform: string; standIn: boolean; sbom: Digest | null })[];
}

/**
 * Pushes a stage's image for every platform of its output folder, their SBOMs, and then the tags:
 * nobody sees a tag whose image is not whole.
 *
 * @throws StagesError `PLAN_MISSING` when the stage was not built; OciError from the registry
 */
export async function pushStage(push: StagePush): Promise<PushedStage> {
  const { repository, stage } = push;
  const plan = await readPlan(push.project, stage);
  const platforms: PushedStage['platforms'] = [];
  for (const { platform } of plan.platforms) {
    const outputs = await Outputs.open(push.project, platform);
    const healing = { project: push.project, outputs };
    platforms.push(
      await withHealing(healing, { stages: [stage] }, () => pushPlatform(push, outputs)),
    );
  }
  const { annotations } = push.said;
  const descriptors = platforms.map(({ descriptor, platform }) => {
    const own = annotationsAt(annotations, 'manifest-descriptor', platform);
    return { ...descriptor, ...(Object.keys(own).length > 0 && { annotations: own }) };
  });
  const ofIndex = annotationsAt(annotations, 'index');
  const [only, ...others] = descriptors;
  if (only && others.length === 0) {
    const tags = push.tags(only.digest);
    const found = await repository.getManifest(only.digest);
    for (const tag of tags) await repository.putManifest(tag, found!.bytes, only.mediaType);
    return { digest: only.digest, tags, platforms };
  }
  const [first = 'latest'] = push.tags(descriptors[0]!.digest);
  const { digest } = await pushIndex(repository, first, descriptors, ofIndex);
  const tags = push.tags(digest);
  for (const tag of tags.slice(1)) await pushIndex(repository, tag, descriptors, ofIndex);
  return { digest, tags, platforms };
}

async function pushPlatform(
  push: StagePush,
  outputs: Outputs,
): Promise<PushedStage['platforms'][number]> {
  const { repository, stage } = push;
  const { record, source } = await describedStage(outputs, stage, push.said);
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
  push: StagePush,
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
async function inputsOf(push: StagePush, platform: string): Promise<Record<string, Digest>> {
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
