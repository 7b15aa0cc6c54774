import { posix } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { Repository } from '@excel2doc/oci';
import {
  commitForTags,
  type DockerOptions,
  imageTags,
  pushStage,
  StagesError,
  pushedText,
} from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report } from '../report';

interface Options extends DockerOptions {
  stage: string;
  image: string;
  tag?: string;
  repository?: string;
  sbom?: boolean;
}

/** A stage's image in a registry, under the tags that docker-build gives it in the engine. */
export default function dockerPush(options: Options, context: ExecutorContext) {
  return report(async () => {
    const registry = process.env['NX_STAGES_REGISTRY'];
    const name = options.repository ?? (registry && posix.join(registry, options.image));
    if (!name) {
      throw new StagesError('REPOSITORY_MISSING', {
        message: `${options.image}: nobody says where to push it`,
        hint: 'Give --repository=HOST/NAME, or set NX_STAGES_REGISTRY, or the option registry of @excel2doc/nx-stages in nx.json',
      });
    }
    const repository = new Repository(name);
    try {
      const project = dockerProject(options, context);
      const commit = await commitForTags(project);
      const { digest, tags, platforms } = await pushStage({
        project,
        stage: options.stage,
        name: options.image,
        repository,
        tags: (of) => imageTags(of, commit, options.tag),
        sbom: options.sbom ?? true,
      });
      for (const { platform, standIn, sbom, uploadedBytes, blobs } of platforms) {
        const sent = pushedText(uploadedBytes, blobs);
        process.stdout.write(`${platform}: ${sent}${sbom ? `, SBOM ${sbom}` : ''}\n`);
        if (standIn)
          process.stdout.write(
            `${platform}: built on this machine's stand-in for its base image\n`,
          );
      }
      process.stdout.write(`${repository.name}@${digest} as ${tags.join(', ')}\n`);
    } finally {
      await repository.close();
    }
  });
}
