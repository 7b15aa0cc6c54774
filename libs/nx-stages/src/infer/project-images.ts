import { posix } from 'node:path';
import { familiarReference, type StageSummary } from '@excel2doc/dockerfile';
import { dockerTarget, homeOf, type ProjectImage, stageTarget } from '@excel2doc/stages';
import { withDefaults } from './with-defaults';
import type { ComposeFile } from './compose-file';
import type { BuildSettings, DeclaredBuild } from './declared-build';
import type { DeclaredContext } from './declared-contexts';
import type { OtherImage } from './docker-targets';
import type { ProjectFiles } from './project-files';

/** A Dockerfile, and the images that come of it. */
export interface ImageMaker {
  /** Relative to the workspace, as is `root`. */
  file: string;
  root: string;
  /** Of the project. */
  name: string;
  variant: string | undefined;
  /** Without a tag. */
  image: string;
  settings: Pick<BuildSettings, 'stage' | 'contexts'>;
  services: string[];
  others: OtherImage[];
  stages: StageSummary[];
}

type Named = ProjectImage & { maker: ImageMaker };

/**
 * The images that the workspace's projects build, by every name that one of them has: the inferred one
 * or the one that its target sets, with the tags `dev` and `latest` and the target's own, and what a
 * Compose file calls it.
 */
export class ProjectImages {
  private readonly byName = new Map<string, Named>();
  private readonly makers: readonly ImageMaker[];
  /** For each Dockerfile, those that it is built on. */
  private readonly below = new Map<ImageMaker, Named[]>();

  constructor(
    files: ProjectFiles,
    makers: readonly ImageMaker[],
    composeFiles: readonly ComposeFile[],
    private readonly builds: readonly DeclaredBuild[] = [],
  ) {
    this.makers = makers;
    for (const maker of makers)
      for (const [reference, image] of namesOf(files, maker, composeFiles)) {
        const name = familiarReference(reference);
        // Of two projects with one name the first has it; docker-build would overwrite it as well.
        if (name !== undefined && !this.byName.has(name)) this.byName.set(name, image);
      }
  }

  /**
   * Which of the images that a Dockerfile names are projects', by reference. One that is built on this
   * one itself is none: its graph would run in a circle.
   *
   * @param onCircle told of each of these
   */
  of(maker: ImageMaker, onCircle: (reference: string) => void): Record<string, ProjectImage> {
    const named = new Set(
      maker.stages.flatMap(({ base, images }) =>
        base.kind === 'image' ? [base.reference, ...images] : images,
      ),
    );
    const found: Record<string, ProjectImage> = {};
    for (const reference of [...named].sort()) {
      const name = familiarReference(reference) ?? reference;
      const context = maker.settings.contexts?.[name];
      const image = context ? this.ofContext(context) : this.byName.get(name);
      if (!image || image.maker === maker) continue;
      if (this.isBuiltOn(image.maker, maker)) {
        onCircle(reference);
        continue;
      }
      this.below.set(maker, [...(this.below.get(maker) ?? []), image]);
      const { project, home, stage, target } = image;
      found[reference] = { project, home, stage, target };
    }
    return found;
  }

  /** Why named contexts of a Dockerfile cannot be carried out; after `of` has been asked. */
  refusedContexts(maker: ImageMaker, images: Record<string, ProjectImage>): string[] {
    return Object.entries(maker.settings.contexts ?? {}).flatMap(([name, context]) => {
      const image = this.ofContext(context);
      const stage = maker.stages.find((each) => each.name === name);
      // A target that builds a stage of its own file: the name says the same without it.
      if (stage && image?.maker === maker && image.stage === name) return [];
      const why = stage
        ? `it replaces the stage ${name}`
        : context.kind !== 'build'
          ? undefined
          : !image
            ? `${context.file} has no build ${context.name} that is made here`
            : image.maker === maker
              ? `${context.name} is built of the same Dockerfile: name its stage`
              : this.isNamed(maker, name) && !this.isIn(images, name)
                ? `${context.name} is built on it`
                : undefined;
      return why === undefined ? [] : `named context ${name} (${why})`;
    });
  }

  private isNamed({ stages }: ImageMaker, name: string): boolean {
    return stages.some(({ base, images }) =>
      [...images, ...(base.kind === 'image' ? [base.reference] : [])].some(
        (each) => (familiarReference(each) ?? each) === name,
      ),
    );
  }

  private isIn(images: Record<string, ProjectImage>, name: string): boolean {
    return Object.keys(images).some((each) => (familiarReference(each) ?? each) === name);
  }

  private ofContext(context: DeclaredContext): Named | undefined {
    if (context.kind === 'image')
      return this.byName.get(familiarReference(context.reference) ?? context.reference);
    if (context.kind !== 'build') return undefined;
    const build = this.builds.find(
      ({ file, name }) => file === context.file && name === context.name,
    );
    const makers = this.makers.filter(({ file }) => file === build?.dockerfile);
    const asks = ({ services, others }: ImageMaker) =>
      [services, ...others.map((each) => each.services)].some((all) => all.includes(context.name));
    const maker = makers.find(asks) ?? makers[0];
    const asked = build?.target ?? maker?.settings.stage;
    const stage = (maker?.stages.find(({ name }) => name === asked) ?? maker?.stages.at(-1))?.name;
    if (!maker || stage === undefined) return undefined;
    const { name: project, root, variant } = maker;
    const target = stageTarget(stage, variant);
    return { project, home: homeOf(root, variant), stage, target, maker };
  }

  private isBuiltOn(upper: ImageMaker, lower: ImageMaker): boolean {
    return (this.below.get(upper) ?? []).some(
      ({ maker }) => maker === lower || this.isBuiltOn(maker, lower),
    );
  }
}

function namesOf(
  files: ProjectFiles,
  maker: ImageMaker,
  composeFiles: readonly ComposeFile[],
): [string, Named][] {
  const { root, name, variant, image, settings, services, others, stages } = maker;
  const all = [{ variant, image, stage: settings.stage, services }, ...others];
  return all.flatMap((each) => {
    const stage = (stages.find((one) => one.name === each.stage) ?? stages.at(-1))?.name;
    if (stage === undefined) return [];
    const own = optionsOf(files, root, dockerTarget('build', each.variant));
    const names = new Set([each.image, own.image ?? each.image]);
    const tags = ['latest', 'dev', ...(own.tag ? [own.tag] : [])];
    const references = [...names].flatMap((image) => tags.map((tag) => `${image}:${tag}`));
    const called = composeFiles.flatMap(({ model }) =>
      each.services.flatMap((service) => {
        const { image, build } = model.services[service] ?? {};
        return (image && build && withDefaults(image)) || [];
      }),
    );
    const made: Named = {
      ...{ project: name, home: homeOf(root, variant), stage, maker },
      target: stageTarget(stage, variant),
    };
    return [...references, ...called].map((reference): [string, Named] => [reference, made]);
  });
}

interface OwnOptions {
  image?: string;
  tag?: string;
}

/** What a project file sets for the target. */
function optionsOf(files: ProjectFiles, root: string, target: string): OwnOptions {
  const read = (file: string) => files.readableAt(posix.join(root, file));
  return {
    ...read('package.json')?.nx?.targets?.[target]?.options,
    ...read('project.json')?.targets?.[target]?.options,
  } as OwnOptions;
}
