import type { ExecutorContext } from '@nx/devkit';
import { type Digest, Repository } from '@excel2doc/oci';
import {
  description,
  type DockerProject,
  imageTags,
  joinParts,
  namedTags,
  type PushedPart,
  pushParts,
  readFacts,
  unplaced,
  usedImages,
} from '@excel2doc/stages';
import { type PushOptions, repositoryOf } from '../../release/images';
import { refuseNames } from '../docker-plan/refuse-names';
import { described } from '../described';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';
import { type Parts, readParts, writeParts } from './parts';
import { sayPart, sayPushed } from './say-pushed';
import { signWhole } from './sign';

type Options = PushOptions & {
  /** One half of a push over several machines: `push` a machine's own platforms, `join` all of them. */
  parts?: 'push' | 'join';
  /** `keyless`, or the key. */
  sign?: string;
};

/** A stage's image in a registry, under the tags that docker-build gives it in the engine. */
export default function dockerPush(given: Options, context: ExecutorContext) {
  return report(async () => {
    refuseNames(context);
    const options = described(given, context);
    const repository = new Repository(repositoryOf(options));
    try {
      await push(dockerProject(options, context), options, repository);
    } finally {
      await repository.close();
    }
  });
}

async function push(project: DockerProject, options: Options, repository: Repository) {
  const { stage, sign, sbom = true } = options;
  const facts = await readFacts(project, options);
  const said = description(options, facts);
  if (options.parts !== 'push') namedTags(options, facts).notes.forEach(sayLine);
  said.notes.forEach(sayLine);
  unplaced(said, project.platforms).forEach(sayLine);
  const { parts, images } =
    options.parts === 'join'
      ? await readParts(project, stage, repository, options.platforms && project.platforms)
      : await pushed({ project, stage, said, repository, name: options.image, sbom });
  if (parts.length === 0) return sayLine(`${repository.name}: no machine has pushed a part of it`);
  if (options.parts === 'push') {
    parts.forEach(sayPart);
    const paths = await writeParts(project, stage, repository, { parts, images });
    return paths.forEach((path) => sayLine(`${path} is for --parts=join`));
  }
  const making = {
    project: project.project.name,
    stage,
    dockerfile: project.dockerfile,
    commit: 'value' in facts.commit ? facts.commit.value : undefined,
    images,
  };
  const signed = async (whole: Digest, all: PushedPart[]) => {
    if (!sign) return;
    await signWhole(repository, whole, all, making, sign);
    sayLine(`${repository.name}@${whole} is signed, with its provenance`);
  };
  // Under the name of each platform's image, which a machine that has built it knows, there is the whole.
  const tags = (whole: Digest, platforms: Digest[]) =>
    [whole, ...platforms].flatMap((digest) => imageTags(options, facts, digest).tags);
  const joined = await joinParts({ repository, tags, said, beforeTags: signed }, parts);
  sayPushed(repository, joined, options.parts !== 'join');
}

const pushed = async (push: Parameters<typeof pushParts>[0]): Promise<Parts> => ({
  parts: await pushParts(push),
  images: await usedImages(push.project, push.stage),
});
