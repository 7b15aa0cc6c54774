import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import type { StageSummary } from '@excel2doc/dockerfile';
import {
  type Declared,
  declaredArgs,
  declaredInMetadata,
  type Describing,
  dockerTarget,
  homeOf,
  type NamedContexts,
  namedContexts,
  type Naming,
  planFolder,
  type ProjectImage,
  projectImages,
  type ResolvedOptions,
  stageFolder,
  stageTarget,
  validRepository,
} from '@excel2doc/stages';
import type { BuildSettings } from './declared-build';

export interface DockerfileLocation {
  /** Relative to the workspace. */
  projectRoot: string;
  dockerfile: string;
  context: string;
  /** Name of the image that the last stage becomes, without a tag. */
  image: string;
  settings: BuildSettings;
  /** Its name among the Dockerfiles of the project; absent for the main one. */
  variant?: string;
  /** Services that run the image. */
  services: string[];
  /** Images of other stages. */
  others: OtherImage[];
  /** The targets that make what it copies: `dependsOn` of `docker-plan`. */
  waitsFor?: NonNullable<TargetConfiguration['dependsOn']>;
  /** Images that it names and other projects build, by reference. */
  projectImages?: Record<string, ProjectImage>;
  /** Other named contexts. */
  contexts?: NamedContexts;
}

export interface OtherImage {
  /** In the names of its targets; as `variant` for those that have stages of their own. */
  variant: string;
  image: string;
  /** Undefined for the last one. */
  stage: string | undefined;
  services: string[];
  /** What a declaration says about it. */
  declared?: Declared | undefined;
}

const executor = (name: string) => `@excel2doc/nx-stages:${name}`;

/**
 * The tag-less name of a project's image: `@shop/api` is `shop/api`, its Dockerfile.worker
 * `shop/api-worker`, `gradle:app` `gradle-app`.
 */
export function imageName(options: ResolvedOptions, projectName: string, variant?: string): string {
  // What is around it is the workspace's own: `localhost:5000/team/{projectName}`.
  const own = options.imageName.replaceAll('{projectName}', validRepository(projectName));
  const name = own.toLowerCase().replace(/\/+$/, '');
  return variant ? `${name || 'image'}-${validRepository(variant)}` : name || 'image';
}

/**
 * Where the plan's content comes from, for `nx affected`: a project counts as changed when one of
 * its targets' inputs does. It stands at `docker-plan`, which is not cached, so that no key hangs on
 * it. What lies in the project itself is named too: a project nested in this one would hide it.
 */
function planInputs(
  stages: StageSummary[],
  { context, settings, contexts = {} }: DockerfileLocation,
  lockFile: string,
): string[] {
  const read = new Set(stages.flatMap(({ contextPaths }) => contextPaths));
  const paths = [...read].map((path) => posix.join(context, path)).sort();
  const folders = Object.values(contexts).flatMap((each) =>
    each.kind === 'image' ? [] : each.path,
  );
  const own = [posix.join(context, '.dockerignore'), lockFile, ...settings.files];
  const files = [...own, ...paths, ...folders];
  return files.flatMap((path) =>
    path === '.'
      ? ['{workspaceRoot}/**/*']
      : [`{workspaceRoot}/${path}`, `{workspaceRoot}/${path}/**/*`],
  );
}

/**
 * The targets of one Dockerfile: `docker-plan`, one a stage, and `docker-build` for the last stage.
 *
 * A stage's key is its plan file and the image.json of the stages it builds on, no more: the plan
 * holds the digest of every file that the stage reads, and a digest may not stand in a target's
 * options, where it would change the hash of every target of the project.
 */
export function dockerTargets(
  location: DockerfileLocation,
  stages: StageSummary[],
  options: ResolvedOptions,
): Record<string, TargetConfiguration> {
  const { projectRoot, dockerfile, context, variant, settings, waitsFor = [] } = location;
  const images = location.projectImages ?? {};
  const home = homeOf(projectRoot, variant);
  const named = (name: string) => dockerTarget(name, variant);
  const platforms = options.platforms ?? settings.platforms;
  const source = {
    dockerfile,
    context,
    lockFile: options.lockFile,
    ...(platforms && { platforms }),
    ...(settings.targets.length > 0 && { targets: settings.targets }),
    ...(variant && { variant }),
    ...(options.builders && { builders: options.builders }),
  };
  // Told to what makes plans alone: everything else reads it there.
  const planned = {
    ...source,
    ...(options.compression && { compression: options.compression }),
    ...(options.modes && { modes: options.modes }),
    ...(options.layering && { layering: options.layering }),
  };
  const targets: Record<string, TargetConfiguration> = {
    [named('plan')]: {
      executor: executor('docker-plan'),
      cache: false,
      ...(waitsFor.length > 0 && { dependsOn: waitsFor }),
      inputs: planInputs(stages, location, options.lockFile),
      outputs: [`{workspaceRoot}/${planFolder(home)}`],
      options: planned,
      metadata: {
        description: `What each stage of ${dockerfile} reads, as files`,
        ...declaredArgs(settings.buildArgs),
        ...(settings.secrets && { declaredSecrets: settings.secrets }),
        ...projectImages(images),
        ...namedContexts(location.contexts),
        ...(settings.unread && { unread: settings.unread }),
      },
    },
  };
  targets[named('explain')] = {
    executor: executor('docker-explain'),
    cache: false,
    options: planned,
    metadata: { description: 'Why each stage would be built again (--json, -- --graph)' },
  };
  for (const stage of stages) {
    targets[stageTarget(stage.name, variant)] = {
      // What is run takes as long as it takes, beside other tasks; the rest shares one process.
      executor: executor(stage.runs ? 'docker-stage' : 'docker-image'),
      cache: true,
      dependsOn: [named('plan'), ...stage.dependsOn.map((name) => stageTarget(name, variant))],
      // What it reads besides is the hasher's business.
      inputs: [
        ...stage.dependsOn.map((name) => ({
          dependentTasksOutputFiles: `**/docker/${posix.basename(stageFolder(home, name))}/**/image.json`,
        })),
        { externalDependencies: [] },
      ],
      outputs: [`{workspaceRoot}/${stageFolder(home, stage.name)}`],
      options: {
        stage: stage.name,
        ...source,
        ...(options.layerRepository && { layerRepository: options.layerRepository }),
        ...(options.layersInCache && { layersInCache: true }),
        ...(stage.runs && options.cacheMounts && { cacheMounts: options.cacheMounts }),
      },
      metadata: { description: `Stage ${stage.name} of ${dockerfile}, as a thin OCI layout` },
    };
  }
  const nameOf = (stage: string | undefined) =>
    (stages.find(({ name }) => name === stage) ?? stages.at(-1))?.name;
  const { image, services } = location;
  const { declared } = settings;
  const own = { variant, image, stage: settings.stage, services, declared };
  for (const each of [own, ...location.others])
    addNew(
      targets,
      imageTargets({ ...each, stage: nameOf(each.stage) }, location, {
        source,
        registry: options.registry,
        naming: {
          ...(options.tags && { tags: options.tags }),
          ...(options.skipDefaultTag && { skipDefaultTag: true }),
        },
        describing: {
          ...(options.labels && { labels: options.labels }),
          ...(options.annotations && { annotations: options.annotations }),
        },
      }),
    );
  // Of all of the project's images, with the main one: `nx release publish` runs one target a project.
  if (options.release && !variant) {
    targets['nx-release-publish'] = {
      executor: executor('docker-release'),
      cache: false,
      dependsOn: [
        ...new Set(
          [own, ...location.others].map(({ stage }) => stageTarget(nameOf(stage) ?? '', variant)),
        ),
      ],
      options: {},
      metadata: {
        description: 'What `nx release publish` runs: push the version that the project got',
      },
    };
  }
  targets[named('lock')] = {
    executor: executor('docker-lock'),
    cache: false,
    options: source,
    metadata: {
      description: `Lock the base images of ${dockerfile} to digests (--check, --update)`,
    },
  };
  targets[named('report')] = {
    executor: executor('docker-report'),
    cache: false,
    options: {
      stages: stages.map(({ name }) => name),
      stage: nameOf(settings.stage) ?? '',
      ...(variant && { variant }),
    },
    metadata: { description: 'The last build as one HTML page: hits, times, sizes, earlier runs' },
  };
  return targets;
}

/** A stage that is called `run` keeps its target. */
function addNew(
  targets: Record<string, TargetConfiguration>,
  more: Record<string, TargetConfiguration>,
): void {
  for (const [name, target] of Object.entries(more)) targets[name] ??= target;
}

/** What puts one image into the engine and into a registry, and what runs it. */
function imageTargets(
  {
    variant,
    image,
    stage,
    services,
    declared = {},
  }: Omit<OtherImage, 'variant'> & { variant?: string | undefined },
  location: DockerfileLocation,
  {
    source,
    registry,
    naming,
    describing,
  }: { source: object; registry: string | undefined; naming: Naming; describing: Describing },
): Record<string, TargetConfiguration> {
  // Without stages the Dockerfile is broken, which docker-plan says.
  const made =
    stage === undefined
      ? dockerTarget('plan', location.variant)
      : stageTarget(stage, location.variant);
  const what = { stage: stage ?? '', image, ...naming, ...describing };
  return {
    [dockerTarget('build', variant)]: {
      executor: executor('docker-image'),
      // Where the engine has the image: its hasher asks.
      cache: true,
      dependsOn: [made],
      inputs: [{ dependentTasksOutputFiles: '**/image.json' }, { externalDependencies: [] }],
      outputs: [],
      options: { ...what, ...source },
      metadata: {
        description: `The image of ${location.dockerfile} in the engine, as ${image}`,
        // Not an option: nothing hangs on it but which image Compose is told to run.
        ...(services.length > 0 && { services }),
        ...declaredInMetadata(declared),
      },
    },
    [dockerTarget('watch', variant)]: {
      executor: executor('docker-watch'),
      cache: false,
      continuous: true,
      options: { target: dockerTarget('build', variant) },
      metadata: { description: `Keep ${image} in the engine the same as its files, until Ctrl-C` },
    },
    [dockerTarget('run', variant)]: {
      executor: executor('docker-run'),
      cache: false,
      dependsOn: [dockerTarget('build', variant)],
      options: {
        image,
        ...(naming.skipDefaultTag && { skipDefaultTag: true }),
        ...(location.variant && { variant: location.variant }),
      },
      metadata: {
        description: 'Run the image as `docker run` does, until Ctrl-C (--ports, --env, -- ARGS)',
      },
    },
    [dockerTarget('push', variant)]: {
      executor: executor('docker-push'),
      cache: false,
      dependsOn: [made],
      options: {
        ...what,
        ...(registry && { repository: posix.join(registry, image) }),
        ...source,
      },
      metadata: {
        description: 'Push the image to a registry, no engine needed (--repository=NAME)',
        ...declaredInMetadata(declared),
      },
    },
  };
}
