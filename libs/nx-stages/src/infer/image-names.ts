import { posix } from 'node:path';
import type { NxJsonConfiguration, TargetConfiguration } from '@nx/devkit';
import { dockerTarget, fixedTags, listed, type Naming } from '@excel2doc/stages';
import type { ComposeFile } from './compose-file';
import type { OtherImage } from './docker-targets';
import type { ProjectFiles } from './project-files';
import { withDefaults as withTargetDefaults } from './target-outputs';
import { withDefaults } from './with-defaults';

/** Who says how images are called. */
export interface NamesSaid {
  files: ProjectFiles;
  composeFiles: readonly ComposeFile[];
  nxJson: NxJsonConfiguration;
  /** What the plugin's options say of tags. */
  naming: { tags: string[] | undefined; skipDefaultTag: boolean | undefined };
}

/** What an image is called. */
export interface ImageNames {
  /** By docker-build, in every checkout. */
  given: string[];
  /** By the Compose services that build it. */
  called: string[];
  /** It is meant by these where no other image has them. */
  assumed: string[];
}

/** The names of an image that a project builds. */
export function imageNames(
  { files, composeFiles, nxJson, naming }: NamesSaid,
  { root, name }: { root: string; name: string },
  image: Pick<OtherImage, 'image' | 'services'> & { variant: string | undefined },
): ImageNames {
  const target = dockerTarget('build', image.variant);
  const own = declaredTarget(files, root, target);
  const { options, configurations = {} } = withTargetDefaults(target, own, {
    project: name,
    nxJson,
  });
  // Which configuration runs is not known here: each may call it something else.
  const said = [options, ...Object.values(configurations).map((each) => ({ ...options, ...each }))];
  const filled = (text: string) =>
    text.replaceAll('{projectName}', name).replaceAll('{projectRoot}', root);
  const each = said.map((options: OwnOptions = {}) => ({
    name: filled(options.image ?? image.image),
    tags: fixedTags(
      {
        ...naming,
        ...options,
        tags: listed(options.tags ?? naming.tags).map(filled),
      },
      name,
    ),
  }));
  const names = new Set([image.image, ...each.map(({ name }) => name)]);
  return {
    given: [...new Set(each.flatMap(({ name, tags }) => tags.map((tag) => `${name}:${tag}`)))],
    called: composeFiles.flatMap(({ model }) =>
      image.services.flatMap((service) => {
        const { image, build } = model.services[service] ?? {};
        return (image && build && withDefaults(image)) || [];
      }),
    ),
    assumed: [...names].flatMap((name) => [`${name}:latest`, `${name}:dev`]),
  };
}

interface OwnOptions extends Naming {
  image?: string;
}

/** What project files say of the target. */
function declaredTarget(files: ProjectFiles, root: string, target: string): TargetConfiguration {
  const read = (file: string) => files.readableAt(posix.join(root, file));
  const [manifest, project] = [
    read('package.json')?.nx?.targets?.[target],
    read('project.json')?.targets?.[target],
  ];
  return {
    executor: '@excel2doc/nx-stages:docker-image',
    ...manifest,
    ...project,
    options: { ...manifest?.options, ...project?.options } as unknown,
  };
}
