import { posix } from 'node:path';
import type { NxJsonConfiguration, TargetConfiguration } from '@nx/devkit';
import { dockerTarget, fixedTags, listed, type Naming } from '@excel2doc/stages';
import type { ComposeFile } from './compose-file';
import type { OtherImage } from './docker-targets';
import type { ProjectFiles } from './project-files';
import { withTargetDefaults } from './target-outputs';
import { withDefaults } from './with-defaults';

/** Who says how images are called. */
export interface NamesSaid {
  files: ProjectFiles;
  composeFiles: readonly ComposeFile[];
  nxJson: NxJsonConfiguration;
  /** What the plugin's options say of tags, and where docker-push pushes to. */
  naming: {
    tags: string[] | undefined;
    skipDefaultTag: boolean | undefined;
    registry: string | undefined;
  };
}

/** What an image is called. */
export interface ImageNames {
  /** By docker-build, in every checkout. */
  given: string[];
  /** By docker-push, in the registry that an option names. */
  pushed: string[];
  /** By the Compose services that build it. */
  called: string[];
  /** It is meant by these where no other image has them. */
  assumed: string[];
}

/** The names of an image that a project builds. */
export function imageNames(
  said: NamesSaid,
  maker: { root: string; name: string },
  image: Pick<OtherImage, 'image' | 'services'> & { variant: string | undefined },
): ImageNames {
  const { registry } = said.naming;
  const built = namings(said, maker, dockerTarget('build', image.variant), 'docker-image').map(
    (options) => ({ ...options, name: options.image ?? image.image }),
  );
  const place = registry && posix.join(registry, image.image);
  const pushed = namings(said, maker, dockerTarget('push', image.variant), 'docker-push').flatMap(
    ({ repository = place, ...options }) => (repository ? [{ ...options, name: repository }] : []),
  );
  const names = [image.image, ...[...built, ...pushed].map(({ name }) => name)];
  return {
    given: tagged(built, maker.name),
    pushed: tagged(pushed, maker.name),
    called: image.services.flatMap((service) => builtAs(said.composeFiles).get(service) ?? []),
    assumed: [...new Set(names)].flatMap((name) => [`${name}:latest`, `${name}:dev`]),
  };
}

const known = new WeakMap<readonly ComposeFile[], ReadonlyMap<string, string[]>>();

/**
 * What Compose files call the images of services that are built, by service. Each of hundreds of images
 * asks, and there may be as many files.
 */
function builtAs(composeFiles: readonly ComposeFile[]): ReadonlyMap<string, string[]> {
  const found = known.get(composeFiles);
  if (found) return found;
  const names = new Map<string, string[]>();
  for (const { model } of composeFiles)
    for (const [service, of] of Object.entries(model.services)) {
      const name = of?.image && of.build && withDefaults(of.image);
      if (name) names.set(service, [...(names.get(service) ?? []), name]);
    }
  known.set(composeFiles, names);
  return names;
}

/** Each with its tags. */
function tagged(all: readonly (Naming & { name: string })[], projectName: string): string[] {
  const names = all.flatMap(({ name, ...naming }) =>
    fixedTags(naming, projectName).map((tag) => `${name}:${tag}`),
  );
  return [...new Set(names)];
}

/** What a target is told, by each of its configurations: which one runs is not known here. */
function namings(
  { files, nxJson, naming: { tags, skipDefaultTag } }: NamesSaid,
  { root, name: project }: { root: string; name: string },
  target: string,
  executor: string,
): OwnOptions[] {
  const own = declaredTarget(files, root, target, executor);
  const { options, configurations = {} } = withTargetDefaults(target, own, { project, nxJson });
  const filled = (text: string) =>
    text.replaceAll('{projectName}', project).replaceAll('{projectRoot}', root);
  return [options, ...Object.values(configurations).map((each) => ({ ...options, ...each }))].map(
    (options: OwnOptions = {}) => ({
      ...(skipDefaultTag !== undefined && { skipDefaultTag }),
      ...options,
      ...(options.image !== undefined && { image: filled(options.image) }),
      ...(options.repository !== undefined && { repository: filled(options.repository) }),
      tags: listed(options.tags ?? tags).map(filled),
    }),
  );
}

interface OwnOptions extends Naming {
  image?: string;
  repository?: string;
}

/** What project files say of the target. */
function declaredTarget(
  files: ProjectFiles,
  root: string,
  target: string,
  executor: string,
): TargetConfiguration {
  const read = (file: string) => files.readableAt(posix.join(root, file));
  const [manifest, project] = [
    read('package.json')?.nx?.targets?.[target],
    read('project.json')?.targets?.[target],
  ];
  return {
    executor: `@excel2doc/nx-stages:${executor}`,
    ...manifest,
    ...project,
    options: { ...manifest?.options, ...project?.options } as unknown,
  };
}
