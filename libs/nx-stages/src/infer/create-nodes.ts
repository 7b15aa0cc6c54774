import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
// Types alone: loading @nx/devkit would take longer than all that is done here.
import type { CreateNodesContext, CreateNodesResultArray, ProjectConfiguration } from '@nx/devkit';
import { type PluginOptions, resolveOptions } from '@excel2doc/stages';
import { attempt, warn } from './attempt';
import { readBake } from './bake/bake';
import { composeBuilds } from './compose-builds';
import type { ComposeFile } from './compose-file';
import { composeSets } from './compose-names';
import { ComposeServices } from './compose-services';
import type { DeclaredBuild } from './declared-build';
import { dockerfilePattern, isDockerfile } from './dockerfile-name';
import { byProject, findDockerfiles } from './find-dockerfiles';
import { FolderEntries } from './folder-entries';
import { inferredProject } from './inferred-project';
import { projectNameAt } from './project';
import type { ProjectDockerfile } from './project-dockerfile';
import { ProjectFiles } from './project-files';
import { ProjectImages } from './project-images';
import { projectNames } from './project-names';
import { withProjectTriggers } from './project-triggers';
import { readComposeSet } from './read-compose';
import { keepRemembered } from './remembered';
import { stagesOf } from './stages';
import { TrackedFiles } from './tracked-files';
import { unbuilt } from './unbuilt';
import { WorkspaceOutputs } from './workspace-outputs';

export const filePattern = `**/{${[
  dockerfilePattern.slice(1, -1),
  'compose.yaml,compose.yml,docker-compose.yaml,docker-compose.yml',
  'docker-bake.hcl,docker-bake.json',
  // What the other projects' targets make, and an image may copy, is declared there.
  'project.json,package.json',
].join(',')}}`;

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
  const entries = new FolderEntries(workspaceRoot);
  const tracked = new TrackedFiles(workspaceRoot, entries);
  const own = new ProjectFiles(workspaceRoot, entries);
  const found = others.filter((file) => /compose\.ya?ml$/.test(file));
  const folders = [...found, ...files.filter(isDockerfile)].map((file) => posix.dirname(file));
  const composeFiles = composeSets(workspaceRoot, tracked, {
    found,
    folders: ['.', ...folders],
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
  const names = projectNames(own, workspaceRoot, { roots, projectFiles });
  // Where the project file cannot be read, that is said.
  const nameAt = (root: string) => names.get(root) ?? projectNameAt(own, workspaceRoot, root);
  const ownStages = findDockerfiles(files.filter(isDockerfile), {
    options: resolved,
    declared,
    tracked,
    nameAt,
  }).map((dockerfile): ProjectDockerfile => {
    const { file, settings } = dockerfile;
    const source = { ...settings, dockerfile: file, lockFile: resolved.lockFile };
    const stages = attempt(file, () => stagesOf(workspaceRoot, source)) ?? [];
    return { ...dockerfile, stages };
  });
  const outputs = new WorkspaceOutputs(projectFiles, nxJsonConfiguration, {
    tracked,
    files: own,
    nameAt,
  });
  const builds = [...bakeBuilds, ...composed];
  unbuilt(builds, files.filter(isDockerfile), tracked).forEach(warn);
  const said = { files: own, composeFiles, nxJson: nxJsonConfiguration, naming: resolved };
  const byText = new ProjectImages(said, ownStages, builds);
  const triggered = withProjectTriggers(
    { workspaceRoot, lockFile: resolved.lockFile },
    byText,
    ownStages,
  );
  const dockerfiles = ownStages.map((each) => triggered.get(each) ?? each);
  // Hardly any base has triggers.
  const images = triggered.size > 0 ? new ProjectImages(said, dockerfiles, builds) : byText;
  images.clashes().forEach(warn);
  const services = new ComposeServices(composeFiles);
  const runBy = new Map<ComposeFile, ProjectDockerfile[]>();
  for (const each of dockerfiles)
    for (const compose of services.filesOf({ ...each, dockerfile: each.file }))
      runBy.set(compose, [...(runBy.get(compose) ?? []), each]);
  const around = {
    workspaceRoot,
    options: resolved,
    services,
    runBy,
    own,
    tracked,
    outputs,
    images,
    nxJson: nxJsonConfiguration,
  };
  const projects = new Map<string, ProjectConfiguration>();
  for (const dockerfile of dockerfiles) {
    const { file } = dockerfile;
    const project = attempt(file, () => inferredProject(around, dockerfile));
    const targets = { ...projects.get(file)?.targets, ...project?.targets };
    if (project) projects.set(file, { ...project, targets });
  }
  keepRemembered(workspaceRoot);
  return [...projects].map(([file, project]) => [file, { projects: { [project.root]: project } }]);
}
