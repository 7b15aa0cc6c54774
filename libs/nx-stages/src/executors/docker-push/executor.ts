import { posix } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { Repository } from '@excel2doc/oci';
import { Bases } from '../../build/bases';
import { withHealing } from '../../build/healing';
import { imageTags } from '../../build/tags';
import { pushedText } from '../../build-report/transfer';
import { engineOf } from '../../engine-choice';
import { StagesError } from '../../fault';
import { outputHome } from '../../project';
import { pushStage } from '../../registry/push';
import { report } from '../../report';
import type { DockerOptions } from '../options';

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
    const projectRoot = outputHome(context, options);
    const bases = await Bases.read(context.root, options.lockFile, projectRoot);
    const { context: contextPath, variant, builders } = options;
    const healing = { context, contextPath, variant, builders, bases, engine: engineOf(context) };
    try {
      const { digest, tags, platforms } = await pushStage({
        workspaceRoot: context.root,
        projectRoot,
        stage: options.stage,
        name: options.image,
        bases,
        repository,
        tags: (of) => imageTags(context.root, of, options.tag),
        sbom: options.sbom ?? true,
        whole: (outputs, action) =>
          withHealing({ ...healing, outputs }, { stages: [options.stage] }, action),
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
