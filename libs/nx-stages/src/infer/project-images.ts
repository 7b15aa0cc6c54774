import { familiarReference, type StageSummary } from '@excel2doc/dockerfile';
import { type Declared, homeOf, type ProjectImage, stageTarget } from '@excel2doc/stages';
import type { BuildSettings, DeclaredBuild } from './declared-build';
import type { DeclaredContext } from './declared-contexts';
import type { OtherImage } from './docker-targets';
import { imageNames, type NamesSaid } from './image-names';

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
  settings: Pick<BuildSettings, 'stage' | 'contexts' | 'declared'>;
  services: string[];
  others: OtherImage[];
  stages: StageSummary[];
}

/** An image under one of its names, and what is declared about it. */
export type Named = ProjectImage & { maker: ImageMaker; declared: Declared | undefined };

/**
 * The images that the workspace's projects build, by every name that one of them has: what its target,
 * nx.json and the plugin's options call it, with the tags of every checkout, `dev` and `latest`, in the
 * engine and in the registry that it is pushed to, and what a Compose file calls it.
 */
export class ProjectImages {
  private readonly byName = new Map<string, Named>();
  private readonly makers: readonly ImageMaker[];
  /** For each Dockerfile, those that it is built on. */
  private readonly below = new Map<ImageMaker, Named[]>();
  /** Who has a name, where it is more than one image: by docker-build, and with all others. */
  private readonly sharedInEngine = new Map<string, Named[]>();
  private readonly shared = new Map<string, Named[]>();

  constructor(
    said: NamesSaid,
    makers: readonly ImageMaker[],
    private readonly builds: readonly DeclaredBuild[] = [],
  ) {
    this.makers = makers;
    const images = makers.flatMap((maker) => imagesOf(said, maker));
    const given = images.flatMap(({ named, names }) => pairs(names.given, named));
    const called = images.flatMap(({ named, names }) => [
      ...pairs(names.pushed, named),
      ...pairs(names.called, named),
    ]);
    const assumed = images.flatMap(({ named, names }) => pairs(names.assumed, named));
    // Of two images with one name the first has it; docker-build would overwrite it as well.
    for (const [name, image] of [...given, ...called, ...assumed])
      if (!this.byName.has(name)) this.byName.set(name, image);
    this.sharedInEngine = sharedOf(given);
    this.shared = sharedOf([...given, ...called]);
  }

  /** What is to be said of names that two images have: each wrong for one of them. */
  clashes(): string[] {
    const named = new Set(this.makers.flatMap(namedBy).map(familiar));
    const all = new Map([
      ...[...this.shared].filter(([name]) => named.has(name)),
      ...this.sharedInEngine,
    ]);
    const lines = new Map<string, string>();
    for (const [name, images] of all) {
      const who = [...new Set(images.map(({ maker }) => maker.file))].join(', ');
      // One line for those that share several.
      if (!lines.has(who))
        lines.set(
          who,
          `${who}: images share the name ${name}: a FROM means the first's, and whoever asks for it by name gets the one that was built or pushed last. Give one another \`image\`, \`repository\` or \`tag\` in the options of its docker-build or docker-push`,
        );
    }
    return [...lines.values()];
  }

  /**
   * Which of the images that a Dockerfile names are projects', by reference. One that is built on this
   * one itself is none: its graph would run in a circle.
   *
   * @param onCircle told of each of these
   */
  of(maker: ImageMaker, onCircle: (reference: string) => void): Record<string, ProjectImage> {
    const found: Record<string, ProjectImage> = {};
    for (const reference of [...new Set(namedBy(maker))].sort()) {
      const image = this.meant(maker, reference);
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

  /** The image that a Dockerfile means by a reference, where a project builds it. */
  meant(maker: ImageMaker, reference: string): Named | undefined {
    const name = familiar(reference);
    const context = maker.settings.contexts?.[name];
    return context ? this.ofContext(context) : this.byName.get(name);
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

  private isNamed(maker: ImageMaker, name: string): boolean {
    return namedBy(maker).some((each) => familiar(each) === name);
  }

  private isIn(images: Record<string, ProjectImage>, name: string): boolean {
    return Object.keys(images).some((each) => familiar(each) === name);
  }

  private ofContext(context: DeclaredContext): Named | undefined {
    if (context.kind === 'image') return this.byName.get(familiar(context.reference));
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
    const own = { services: maker.services, declared: maker.settings.declared };
    const asking = [own, ...maker.others].find((each) => each.services.includes(context.name));
    return namedImage(maker, stage, (asking ?? own).declared);
  }

  private isBuiltOn(upper: ImageMaker, lower: ImageMaker): boolean {
    return (this.below.get(upper) ?? []).some(
      ({ maker }) => maker === lower || this.isBuiltOn(maker, lower),
    );
  }
}

const familiar = (reference: string) => familiarReference(reference) ?? reference;

/** The images that a Dockerfile names. */
function namedBy({ stages }: ImageMaker): string[] {
  return stages.flatMap(({ base, images }) =>
    base.kind === 'image' ? [base.reference, ...images] : images,
  );
}

/** The images of a Dockerfile, and how each is called. */
function imagesOf(said: NamesSaid, maker: ImageMaker) {
  const { variant, image, settings, services, others, stages } = maker;
  const { stage, declared } = settings;
  return [{ variant, image, stage, services, declared }, ...others].flatMap((each) => {
    const stage = (stages.find((one) => one.name === each.stage) ?? stages.at(-1))?.name;
    if (stage === undefined) return [];
    const named = namedImage(maker, stage, each.declared);
    return { named, names: imageNames(said, maker, each) };
  });
}

function namedImage(maker: ImageMaker, stage: string, declared: Declared | undefined): Named {
  const { name: project, root, variant } = maker;
  const target = stageTarget(stage, variant);
  return { project, home: homeOf(root, variant), stage, target, maker, declared };
}

/** What is no reference is nobody's name. */
function pairs(names: readonly string[], image: Named): [string, Named][] {
  return names.flatMap((each): [string, Named][] => {
    const name = familiarReference(each);
    return name === undefined ? [] : [[name, image]];
  });
}

/** The names of more than one image. */
function sharedOf(all: readonly [string, Named][]): Map<string, Named[]> {
  const byName = new Map<string, Named[]>();
  for (const [name, image] of all) {
    const known = byName.get(name) ?? [];
    const isKnown = known.some(
      ({ maker, stage }) => maker === image.maker && stage === image.stage,
    );
    byName.set(name, isKnown ? known : [...known, image]);
  }
  return new Map([...byName].filter(([, images]) => images.length > 1));
}
