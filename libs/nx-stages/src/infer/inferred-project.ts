import { posix } from 'node:path';
// Types alone: loading @nx/devkit would take longer than all that is done here.
import type { NxJsonConfiguration, ProjectConfiguration } from '@nx/devkit';
import { contextFolders, dockerTarget, type ResolvedOptions } from '@excel2doc/stages';
import { warn } from './attempt';
import type { ComposeFile } from './compose-file';
import { type ComposeServices, serviceOf } from './compose-services';
import { composeTargets } from './compose-targets';
import { findContext } from './context';
import { copiedOutputs, dependsOnMakers, madeAt } from './copied-outputs';
import { plainContexts } from './declared-contexts';
import { dockerTargets } from './docker-targets';
import { withInherited } from './inherited-labels';
import { declaredDependsOn, planInHasher } from './plan-in-hasher';
import type { ProjectDockerfile } from './project-dockerfile';
import type { ProjectFiles } from './project-files';
import type { ProjectImages } from './project-images';
import { besides, readTests } from './read-compose';
import type { TrackedFiles } from './tracked-files';
import type { WorkspaceOutputs } from './workspace-outputs';

/** What every Dockerfile is looked at with. */
export interface Surroundings {
  workspaceRoot: string;
  own: ProjectFiles;
  options: ResolvedOptions;
  services: ComposeServices;
  /** What each Compose file runs. */
  runBy: ReadonlyMap<ComposeFile, ProjectDockerfile[]>;
  tracked: TrackedFiles;
  outputs: WorkspaceOutputs;
  images: ProjectImages;
  nxJson: NxJsonConfiguration;
}

/** The targets that one Dockerfile gives its project. */
export function inferredProject(
  around: Surroundings,
  maker: ProjectDockerfile,
): ProjectConfiguration & { root: string } {
  const { options, tracked } = around;
  const { file: dockerfile, root, name, variant, image, settings, stages, ...asked } = maker;
  const has = (file: string) => tracked.kind(posix.join(root, file)) === 'file';
  const context = settings.context ?? findContext(around, dockerfile, root, stages);
  const { services } = asked;
  const own = withInherited(around, maker, settings);
  const others = asked.others.map((each) => ({
    ...each,
    declared: withInherited(around, maker, each),
  }));
  const projectImages = around.images.of(maker, (reference) =>
    warn(`${dockerfile}: ${reference} is built on it, so a registry's image is taken for it`),
  );
  const contexts = plainContexts(settings.contexts, projectImages);
  const copied = [
    ...copiedOutputs(stages, context, around.outputs),
    ...madeAt(contextFolders(contexts), around.outputs),
  ];
  const waitsFor = dependsOnMakers(name, [
    ...copied.flatMap(({ makers }) => makers),
    ...Object.values(projectImages),
  ]);
  const refused = around.images.refusedContexts(maker, projectImages);
  const said = [...(settings.unread ?? []), ...refused.map((each) => `${dockerfile}: ${each}`)];
  const location = {
    projectRoot: root,
    dockerfile,
    context,
    image,
    services,
    others,
    settings: {
      ...settings,
      ...(own && { declared: own }),
      ...(said.length > 0 && { unread: said }),
    },
    waitsFor,
    projectImages,
    contexts,
  };
  const plan = dockerTarget('plan', variant);
  const targets = planInHasher(
    dockerTargets({ ...location, ...(variant && { variant }) }, stages, options),
    plan,
    declaredDependsOn(around.own, root, plan, around.nxJson),
  );
  // Services, databases and care belong to the image that the project is about.
  if (variant) return { root, name, targets };

  const composeProject = {
    projectRoot: root,
    image,
    dockerfile,
    context,
    has,
    lockFile: options.lockFile,
    stages: stages.map((stage) => stage.name),
    builders: options.builders,
  };
  const [compose] = around.services.filesOf(composeProject);
  if (compose) {
    const service = serviceOf(compose, composeProject)!;
    const tests = readTests(around.workspaceRoot, tracked, compose.file);
    const production = besides(tracked, compose.file, 'prod');
    Object.assign(targets, composeTargets(compose, service, composeProject, tests, production));
    targets['compose-up']?.dependsOn?.push(...otherBuilds(compose, dockerfile, around));
  }
  return { root, name, targets };
}

/** The other images that a Compose file's services run and that are built in this workspace. */
function otherBuilds(compose: ComposeFile, own: string, { runBy }: Surroundings) {
  const runsAny = (services: string[]) => services.some((each) => each in compose.model.services);
  return (runBy.get(compose) ?? [])
    .flatMap(({ file, name, others, isFurther, ...main }) => [
      ...((isFurther ? runsAny(main.services) : file !== own) ? [{ ...main, name }] : []),
      ...others.filter(({ services }) => runsAny(services)).map((each) => ({ ...each, name })),
    ])
    .map(({ name, variant }) => ({ projects: [name], target: dockerTarget('build', variant) }));
}
