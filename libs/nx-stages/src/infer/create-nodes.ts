import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
// Types alone: loading @nx/devkit would take longer than all that is done here.
import type {
  CreateNodesContext,
  CreateNodesResultArray,
  NxJsonConfiguration,
  ProjectConfiguration,
} from '@nx/devkit';
import type { StageSummary } from '@excel2doc/dockerfile';
import {
  contextFolders,
  dockerTarget,
  type PluginOptions,
  type ResolvedOptions,
  resolveOptions,
} from '@excel2doc/stages';
import { readBake } from './bake/bake';
import { composeBuilds } from './compose-builds';
import { ComposeServices, serviceOf } from './compose-services';
import { composeTargets } from './compose-targets';
import { type ComposeFile, parseCompose } from './compose-file';
import { mergedCompose } from './compose-merged';
import { type ComposeSet, composeSets } from './compose-names';
import { findContext } from './context';
import { copiedOutputs, dependsOnMakers, madeAt } from './copied-outputs';
import { type BuildSettings, type DeclaredBuild, recipes } from './declared-build';
import { plainContexts } from './declared-contexts';
import { type OtherImage, dockerTargets, imageName } from './docker-targets';
import { dockerfilePattern, isDockerfile, variantOf, variants } from './dockerfile-name';
import { declaredDependsOn, planInHasher } from './plan-in-hasher';
import { ProjectFiles } from './project-files';
import { isNameDeclared, projectNameAt, projectRootAt } from './project';
import { keepRemembered, remembered } from './remembered';
import { ProjectImages } from './project-images';
import { stagesOf } from './stages';
import { TrackedFiles } from './tracked-files';
import { uniqueNames } from './unique-names';
import { WorkspaceOutputs } from './workspace-outputs';

export const filePattern = `**/{${[
  dockerfilePattern.slice(1, -1),
  'compose.yaml,compose.yml,docker-compose.yaml,docker-compose.yml',
  'docker-bake.hcl,docker-bake.json',
  // What the other projects' targets make, and an image may copy, is declared there.
  'project.json,package.json',
].join(',')}}`;

/** What every Dockerfile is looked at with. */
interface Surroundings {
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

/** A Dockerfile, and one way to build it: two services may build one with other arguments each. */
interface ProjectDockerfile {
  /** Relative to the workspace, as is `root`. */
  file: string;
  /** Of the project that it belongs to. */
  root: string;
  /** The project's. */
  name: string;
  /** Its name among the project's Dockerfiles; undefined for the main one. */
  variant: string | undefined;
  /** Of what it builds, without a tag. */
  image: string;
  settings: BuildSettings;
  services: string[];
  others: OtherImage[];
  /** None where it is broken. */
  stages: StageSummary[];
  /** Whether another way to build the same file stands before it. */
  isFurther: boolean;
}

/**
 * The targets of every Dockerfile, with what Compose and Bake files say of how it is built.
 *
 * A file that cannot be read is named and passed over: one broken file must not take the project
 * graph away from everybody (nrwl/nx#36954). A broken Dockerfile keeps `docker-plan`, which says what
 * is wrong when somebody builds it.
 */
export function createNodes(
  files: readonly string[],
  options: PluginOptions | undefined,
  { workspaceRoot, nxJsonConfiguration = {} }: CreateNodesContext,
): CreateNodesResultArray {
  const resolved = resolveOptions(options);
  const others = files.filter((file) => !isDockerfile(file));
  const read = (file: string) => readFileSync(join(workspaceRoot, file), 'utf8');
  const tracked = new TrackedFiles(workspaceRoot);
  const own = new ProjectFiles(workspaceRoot);
  const found = others.filter((file) => /compose\.ya?ml$/.test(file));
  const folders = [...found, ...files.filter(isDockerfile)].map((file) => posix.dirname(file));
  const composeFiles = composeSets(workspaceRoot, tracked, {
    ...{ found, folders: ['.', ...folders] },
    ...(options?.composeFiles && { option: options.composeFiles }),
  }).flatMap((set) => attempt(set[0], () => readComposeSet(workspaceRoot, tracked, set)) ?? []);
  const bakeBuilds = others
    .filter((file) => /docker-bake\.(hcl|json)$/.test(file))
    .flatMap((file) => attempt(file, () => readBake(read(file), file, warn)) ?? []);
  const composed = composeFiles.flatMap(
    (compose) => attempt(compose.file, () => composeBuilds(compose, warn)) ?? [],
  );
  // Who writes a Bake file says there how images are built; Compose may only run them.
  const declared = new Map<string, DeclaredBuild[]>();
  for (const build of [...bakeBuilds, ...composed])
    declared.set(build.dockerfile, [...(declared.get(build.dockerfile) ?? []), build]);
  const projectFiles = files.filter((file) => /(^|\/)(project|package)\.json$/.test(file));
  const roots = [...byProject(tracked, files.filter(isDockerfile)).keys()];
  const names = namesOf(own, workspaceRoot, { roots, projectFiles });
  // Where the project file cannot be read, that is said.
  const nameAt = (root: string) => names.get(root) ?? projectNameAt(own, workspaceRoot, root);
  const dockerfiles = findDockerfiles(workspaceRoot, files.filter(isDockerfile), {
    options: resolved,
    ...{ declared, tracked, nameAt },
  }).map((dockerfile): ProjectDockerfile => {
    const { file, settings } = dockerfile;
    const source = { ...settings, dockerfile: file, lockFile: resolved.lockFile };
    const stages = attempt(file, () => stagesOf(workspaceRoot, source)) ?? [];
    return { ...dockerfile, stages };
  });
  const outputs = new WorkspaceOutputs(projectFiles, nxJsonConfiguration, {
    ...{ tracked, files: own, nameAt },
  });
  const builds = [...bakeBuilds, ...composed];
  const images = new ProjectImages(own, dockerfiles, composeFiles, builds);
  const services = new ComposeServices(composeFiles);
  const runBy = new Map<ComposeFile, ProjectDockerfile[]>();
  for (const each of dockerfiles)
    for (const compose of services.filesOf({ ...each, dockerfile: each.file }))
      runBy.set(compose, [...(runBy.get(compose) ?? []), each]);
  const around = {
    ...{ workspaceRoot, options: resolved, services, runBy, own },
    ...{ tracked, outputs, images, nxJson: nxJsonConfiguration },
  };
  const projects = new Map<string, ProjectConfiguration>();
  for (const dockerfile of dockerfiles) {
    const { file } = dockerfile;
    const project = attempt(file, () => dockerProject(around, dockerfile));
    const targets = { ...projects.get(file)?.targets, ...project?.targets };
    if (project) projects.set(file, { ...project, targets });
  }
  keepRemembered(workspaceRoot);
  return [...projects].map(([file, project]) => [file, { projects: { [project.root]: project } }]);
}

function findDockerfiles(
  workspaceRoot: string,
  files: readonly string[],
  {
    options,
    declared,
    tracked,
    nameAt,
  }: {
    options: ResolvedOptions;
    declared: Map<string, DeclaredBuild[]>;
    tracked: TrackedFiles;
    nameAt: (root: string) => string;
  },
): Omit<ProjectDockerfile, 'stages'>[] {
  return [...byProject(tracked, files)].flatMap(([root, its]) => {
    const names = variants(its, root);
    const taken = new Set([...names.values()]);
    return [...names].flatMap(([file, own]) => {
      const found = attempt(file, () => {
        const name = nameAt(root);
        const imageOf = (variant: string | undefined) => imageName(options, name, variant);
        const further = (services: readonly string[]) => {
          const variant = variantOf(own, services[0] ?? '', taken);
          taken.add(variant);
          return { variant, services: [...services], image: imageOf(variant) };
        };
        return recipes(declared.get(file) ?? []).map(
          ({ settings, names: services, others }, at): Omit<ProjectDockerfile, 'stages'> => ({
            ...{ file, root, name, settings, isFurther: at > 0 },
            ...(at === 0 ? { variant: own, services, image: imageOf(own) } : further(services)),
            others: others.map(({ names, ...other }) => ({ ...further(names), ...other })),
          }),
        );
      });
      return found ?? [];
    });
  });
}

/** The names of the projects that have a Dockerfile, by root. */
function namesOf(
  files: ProjectFiles,
  workspaceRoot: string,
  { roots, projectFiles }: { roots: readonly string[]; projectFiles: readonly string[] },
): Map<string, string> {
  const read = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch {
      // Nx says of a project file what is wrong with it.
      return undefined;
    }
  };
  const withImages = new Set(roots);
  const candidates = roots.flatMap((root) => {
    const name = read(() => projectNameAt(files, workspaceRoot, root));
    const isDeclared = read(() => isNameDeclared(files, root)) ?? false;
    return name === undefined ? [] : { root, name, isDeclared };
  });
  const others = new Map<string, string>();
  // Each of hundreds of project files is read only where a name might be one of theirs.
  if (candidates.some(({ isDeclared }) => !isDeclared))
    for (const root of new Set(projectFiles.map((file) => posix.dirname(file)))) {
      if (withImages.has(root)) continue;
      const name = read(() => projectNameAt(files, workspaceRoot, root));
      if (name !== undefined) others.set(root, name);
    }
  return uniqueNames(candidates, others);
}

function byProject(tracked: TrackedFiles, dockerfiles: readonly string[]): Map<string, string[]> {
  const projects = new Map<string, string[]>();
  for (const dockerfile of dockerfiles) {
    const root = projectRootAt(tracked, posix.dirname(dockerfile));
    projects.set(root, [...(projects.get(root) ?? []), dockerfile]);
  }
  return projects;
}

function attempt<T>(file: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const { message } = error as Error;
    warn(message.includes(file) ? message : `${file}: ${message}`);
    return undefined;
  }
}

function warn(line: string): void {
  // On standard error: what `nx show --json` prints has to stay JSON.
  // eslint-disable-next-line no-console
  console.warn(`@excel2doc/nx-stages: ${line}`);
}

function dockerProject(
  around: Surroundings,
  maker: ProjectDockerfile,
): ProjectConfiguration & { root: string } {
  const { options, tracked } = around;
  const { file: dockerfile, root, name, variant, image, settings, stages, ...asked } = maker;
  const has = (file: string) => tracked.kind(posix.join(root, file)) === 'file';
  const context = settings.context ?? findContext(around, dockerfile, root, stages);
  const { services, others } = asked;
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
    ...{ projectRoot: root, dockerfile, context, image, services, others },
    settings: { ...settings, ...(said.length > 0 && { unread: said }) },
    ...{ waitsFor, projectImages, contexts },
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
    ...{ projectRoot: root, image, dockerfile, context, has },
    lockFile: options.lockFile,
    stages: stages.map((stage) => stage.name),
    builders: options.builders,
  };
  const [compose] = around.services.filesOf(composeProject);
  if (compose) {
    const service = serviceOf(compose, composeProject)!;
    const tests = readTests(around, compose.file);
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

function readComposeSet(
  workspaceRoot: string,
  tracked: TrackedFiles,
  set: ComposeSet,
): ComposeFile {
  const { model, files } = mergedCompose(set, (file) => {
    if (tracked.kind(file) === 'file') return readCompose(workspaceRoot, file).model;
    throw new Error(`${file} is no file that git knows`);
  });
  return { file: set[0], model, ...(files.length > 1 && { files }) };
}

function readCompose(workspaceRoot: string, file: string): ComposeFile {
  const text = readFileSync(join(workspaceRoot, file), 'utf8');
  return { file, model: remembered(workspaceRoot, ['compose', text], () => parseCompose(text)) };
}

/** `compose.test.yaml` beside `compose.yaml`: what the tests need on top of it. */
function readTests(
  { workspaceRoot, tracked }: Surroundings,
  composeFile: string,
): ComposeFile | undefined {
  const file = besides(tracked, composeFile, 'test');
  return file === undefined ? undefined : readCompose(workspaceRoot, file);
}

/** `compose.<name>.yaml` beside `compose.yaml`, where git knows one. */
function besides(tracked: TrackedFiles, composeFile: string, name: string): string | undefined {
  const file = composeFile.replace(/\.ya?ml$/, `.${name}$&`);
  return tracked.kind(file) === 'file' ? file : undefined;
}
