import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileError, type PlanFile, parseDockerfile, planStages } from '@excel2doc/dockerfile';
import { SCRATCH, assembleImage, readImageRecord, readLayout } from '@excel2doc/oci';
import type { DockerProject } from '../workspace/docker-project';
import { StagesError } from '../workspace/fault';
import { contextOf, type NamedContext } from '../workspace/named-contexts';
import { outputRoot } from '../workspace/paths';
import { type FoundImage, type FoundImagesFile, configFacts } from '../bases/bases';
import { layoutFolder } from '../bases/project-images';
import { contextFile } from './context-file';
import { gitFiles } from './git-files';
import { leftOutOf } from './own-outputs';

/**
 * The named contexts that a Dockerfile uses, each as an image: a layout as it is, a folder as an image
 * of one layer, made of what its .dockerignore leaves, and a name for an image as that image.
 *
 * @param references those that the Dockerfile names
 * @throws StagesError `OUTPUT_MISSING`, `BASE_UNAVAILABLE` naming what is not there
 */
export async function findContextImages(
  project: DockerProject,
  references: readonly string[],
  platform: string,
): Promise<FoundImagesFile['images']> {
  const found: FoundImagesFile['images'] = {};
  for (const reference of references) {
    const context = contextOf(project.namedContexts, reference);
    if (context)
      found[reference] = { [platform]: await read(project, reference, context, platform) };
  }
  return found;
}

function read(
  project: DockerProject,
  name: string,
  context: NamedContext,
  platform: string,
): Promise<FoundImage> | FoundImage {
  if (context.kind === 'folder') return folderImage(project, name, context.path, platform);
  if (context.kind === 'layout') return layoutImage(project, name, context, platform);
  return { digest: '', standsFor: context.reference };
}

async function layoutImage(
  project: DockerProject,
  name: string,
  { path, digest }: { path: string; digest: string },
  platform: string,
): Promise<FoundImage> {
  const layoutDir = project.absolute(path);
  try {
    const { descriptor, config } = await readLayout(layoutDir, platform);
    if (descriptor.digest === digest)
      return { digest, layoutDir, tag: name, isContext: true, ...configFacts(config) };
  } catch (cause) {
    throw notThere(project, name, path, cause);
  }
  throw new StagesError('BASE_UNAVAILABLE', {
    message: `${project.dockerfile}: ${path}, which ${name} stands for, has no image ${digest.slice(0, 19)} for ${platform}`,
    hint: 'Name the digest of the manifest that the layout has for this platform',
  });
}

async function folderImage(
  project: DockerProject,
  name: string,
  path: string,
  platform: string,
): Promise<FoundImage> {
  const directory = project.absolute(path);
  const files = filesOf(project, name, path, platform);
  const hash = createHash('sha256').update(`1\n${JSON.stringify(files)}`);
  const layoutDir = project.absolute(
    layoutFolder(project.home, `sha256:${hash.digest('hex')}`, platform),
  );
  if (!(await isThere(layoutDir)))
    await assembleImage({
      outputDir: layoutDir,
      parent: SCRATCH,
      platform,
      instructions: [{ kind: 'copy', sources: ['.'], destination: '/', line: 1 }],
      context: { directory, files: files.map(contextFile) },
    });
  const { record } = await readImageRecord(layoutDir);
  return { digest: record.digest, layoutDir, tag: name, isContext: true, env: {}, onbuild: [] };
}

/** What BuildKit would be sent of it: a .dockerignore in the folder counts, one beside a Dockerfile does not. */
function filesOf(project: DockerProject, name: string, path: string, platform: string): PlanFile[] {
  const contextDir = project.absolute(path);
  try {
    const [plan] = planStages(parseDockerfile('FROM scratch\nCOPY . /\n', { file: path }), {
      contextDir,
      platforms: [platform],
      leftOut: leftOutOf(project, path),
      dockerfilePath: join(contextDir, '.named-context'),
      indexPath: project.absolute(join(outputRoot(project.home), 'file-index-of-contexts')),
    });
    return gitFiles(project, contextDir).taken(plan!.platforms[0]!.files);
  } catch (error) {
    if (error instanceof DockerfileError) throw notThere(project, name, path, error);
    throw error;
  }
}

function notThere(project: DockerProject, name: string, path: string, cause: unknown): unknown {
  if (cause instanceof StagesError) return cause;
  const makers = project.project.makersOf?.(path) ?? [];
  return new StagesError('OUTPUT_MISSING', {
    message: `${project.dockerfile}: ${path}, which ${name} stands for, cannot be read${makers.length > 0 ? `; ${makers.join(' and ')} makes it` : ''}`,
    hint:
      makers.length > 0
        ? `Run ${makers.map((maker) => `\`nx run ${maker}\``).join(' and ')}`
        : (cause as Error).message,
    cause,
  });
}

async function isThere(folder: string): Promise<boolean> {
  return access(join(folder, 'image.json')).then(
    () => true,
    () => false,
  );
}
