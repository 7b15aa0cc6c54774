import type { TargetConfiguration } from '@nx/devkit';
import {
  declaredOf,
  description,
  DockerProject,
  followsCommit,
  readFacts,
  stageDigest,
} from '@excel2doc/stages';
import { imagesOf } from './images';
import { writeReleased } from './released';

/** Keeps what the images of a version are, as they are built now. */
export async function recordImages(
  project: {
    root: string;
    name: string;
    /** Relative to the workspace. */
    folder: string;
    targets: Record<string, TargetConfiguration>;
  },
  version: string,
): Promise<void> {
  const images = await Promise.all(
    imagesOf(project.targets).map(async ({ target, options, repository }) => {
      const declared = declaredOf(project.targets[target]?.metadata);
      const own = { ...options, ...(declared && { declared }) };
      // The commit that the change log is in cannot be in what the change log says.
      if (followsCommit(own)) return { version, repository };
      const made = new DockerProject(project, options);
      const said = description(own, await readFacts(made, own, version));
      return { version, repository, digest: await stageDigest(made, options.stage, said) };
    }),
  );
  writeReleased(project.root, project.folder, images);
}
