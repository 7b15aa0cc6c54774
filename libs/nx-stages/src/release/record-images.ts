import type { TargetConfiguration } from '@nx/devkit';
import { DockerProject, stageDigest } from '@excel2doc/stages';
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
    imagesOf(project.targets).map(async ({ options, repository }) => ({
      ...{ version, repository },
      digest: await stageDigest(new DockerProject(project, options), options.stage),
    })),
  );
  writeReleased(project.root, project.folder, images);
}
